import { requestHash } from "@phi/shared/audit/request-hash";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { chooseRequest } from "../requests/choose-request.js";
import { reportChange } from "../requests/report-change.js";
import { readReason, reasonProblem } from "../requests/typed-reason.js";
import { ask } from "../terminal/ask.js";
import { confirm } from "../terminal/confirm.js";
import { say } from "../terminal/output.js";
import { requireAsking } from "../terminal/question.js";
import { requestCard } from "../terminal/request-card.js";
import { personWords, whatIsAsked } from "../terminal/request-words.js";

interface Flags {
  readonly yes?: boolean;
  readonly reason?: string;
}

export const examples = ['phi deny req_7k3m --reason "use the replica"'];

export function define(command: Command, run: Run): void {
  command
    .argument("[id]", "the request, or the beginning of its id; without it you pick one on a terminal")
    .option("-m, --reason <text>", "why not; the requester reads it, and it stays on record")
    .option("-y, --yes", "do not ask again")
    .action((id: string | undefined, flags: Flags) => run((phi) => deny(phi, id, flags)));
}

/** A no always comes with a reason; on a terminal it is asked for. */
async function deny(phi: Invocation, id: string | undefined, flags: Flags): Promise<number> {
  const { terminal } = phi;
  if (flags.reason === undefined) requireAsking(terminal, "--reason <text>");
  const given = readReason(flags.reason);
  const view = await chooseRequest(phi, {
    typed: id,
    verb: "deny",
    query: { scope: "to_approve" },
    fits: (candidate) => candidate.mayDecide,
    none: "No request waits for your answer.",
    takeOnlyOne: flags.yes !== true,
  });
  const broker = await phi.broker();
  let reason = given.reason;
  if (view.mayDecide && (flags.yes !== true || reason === undefined)) {
    for (const line of requestCard(view, { now: broker.now(), paint: phi.paint.talk })) say(terminal, line);
    const look = { colour: terminal.colour.stderr };
    reason ??= await ask("Why not? (the requester reads this)", { problem: reasonProblem }, look);
    if (flags.yes !== true) {
      requireAsking(terminal, "--yes");
      if (!(await confirm(`Deny ${personWords(view.requester)} ${whatIsAsked(view)}?`, look))) {
        say(terminal, `Nothing was decided; ${view.request} is still ${view.state}.`);
        return 1;
      }
    }
  }
  const after = await broker.decide(view.request, {
    verdict: "deny",
    hash: requestHash(view),
    ...(reason === undefined ? {} : { reason }),
  });
  await reportChange(
    phi,
    after,
    `${phi.paint.talk.bad("✖ denied")}: ${personWords(after.requester)}, ${whatIsAsked(after)}`,
  );
  return 0;
}
