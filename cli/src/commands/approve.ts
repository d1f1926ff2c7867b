import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { chooseRequest } from "../requests/choose-request.js";
import { reportChange } from "../requests/report-change.js";
import { readReason } from "../requests/typed-reason.js";
import { confirm } from "../terminal/confirm.js";
import { say } from "../terminal/output.js";
import { requireAsking } from "../terminal/question.js";
import { requestCard } from "../terminal/request-card.js";
import { personWords, whatIsAsked } from "../terminal/request-words.js";

interface Flags {
  readonly yes?: boolean;
  readonly reason?: string;
}

export const examples = ["phi approve req_7k3m", "phi approve req_7k3m --yes"];

export function define(command: Command, run: Run): void {
  command
    .argument("[id]", "the request, or the beginning of its id; without it you pick one on a terminal")
    .option("-y, --yes", "do not ask again")
    .option("-m, --reason <text>", "a word to the requester; it stays on record")
    .action((id: string | undefined, flags: Flags) => run((phi) => approve(phi, id, flags)));
}

/** Shows who, what, how long and why before it asks: nobody should say yes to an id alone. */
async function approve(phi: Invocation, id: string | undefined, flags: Flags): Promise<number> {
  const reason = readReason(flags.reason);
  const view = await chooseRequest(phi, {
    typed: id,
    verb: "approve",
    query: { scope: "to_approve" },
    fits: (candidate) => candidate.mayDecide,
    none: "No request waits for your answer.",
    takeOnlyOne: flags.yes !== true,
  });
  const broker = await phi.broker();
  // What the broker would refuse is sent all the same: its refusal names the cause, and is on record.
  if (view.mayDecide && flags.yes !== true) {
    for (const line of requestCard(view, { now: broker.now(), paint: phi.paint.talk })) say(phi.terminal, line);
    requireAsking(phi.terminal, "--yes");
    const isSure = await confirm(`Let ${personWords(view.requester)} have ${whatIsAsked(view)}?`, {
      colour: phi.terminal.colour.stderr,
    });
    if (!isSure) {
      say(phi.terminal, `Nothing was decided; ${view.request} is still ${view.state}.`);
      return 1;
    }
  }
  const after = await broker.decide(view.request, { verdict: "approve", ...reason });
  const missing = after.approvalsNeeded - after.approvals.filter((approval) => approval.verdict === "approve").length;
  const more = after.state === "pending" && missing > 0 ? `; ${missing} more yes needed` : "";
  await reportChange(
    phi,
    after,
    `${phi.paint.talk.good("✔ approved")}: ${personWords(after.requester)}, ${whatIsAsked(after)}${more}`,
  );
  return 0;
}
