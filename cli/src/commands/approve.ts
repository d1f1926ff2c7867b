import { requestHash } from "@phi/shared/audit/request-hash";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { chooseRequest } from "../requests/choose-request.js";
import { reportChange } from "../requests/report-change.js";
import { readLength } from "../requests/typed-length.js";
import { readReason } from "../requests/typed-reason.js";
import { confirm } from "../terminal/confirm.js";
import { say } from "../terminal/output.js";
import { requireAsking } from "../terminal/question.js";
import { requestCard } from "../terminal/request-card.js";
import { personWords, whatIsAsked } from "../terminal/request-words.js";

interface Flags {
  readonly yes?: boolean;
  readonly reason?: string;
  readonly for?: string;
  readonly role?: string;
}

export const examples = [
  "phi approve req_7k3m",
  "phi approve req_7k3m --yes",
  "phi approve req_7k3m --for 15m --role readonly",
];

export function define(command: Command, run: Run): void {
  command
    .argument("[id]", "the request, or the beginning of its id; without it you pick one on a terminal")
    .option("-y, --yes", "do not ask again")
    .option("-m, --reason <text>", "a word to the requester; it stays on record")
    .option("--for <length>", "offer a shorter window; the requester accepts it or not")
    .option("--role <name>", "offer another role; the requester accepts it or not")
    .action((id: string | undefined, flags: Flags) => run((phi) => approve(phi, id, flags)));
}

/** Shows who, what, how long and why before it asks: nobody should say yes to an id alone. */
async function approve(phi: Invocation, id: string | undefined, flags: Flags): Promise<number> {
  const reason = readReason(flags.reason);
  const less = readLess(flags);
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
    const question =
      less === undefined
        ? `Let ${personWords(view.requester)} have ${whatIsAsked(view)}?`
        : `Offer ${personWords(view.requester)} ${whatIsAsked({ ...view, ...less })} instead?`;
    const isSure = await confirm(question, { colour: phi.terminal.colour.stderr });
    if (!isSure) {
      say(phi.terminal, `Nothing was decided; ${view.request} is still ${view.state}.`);
      return 1;
    }
  }
  // Bound to what was shown, as this machine has it: a broker that showed something else is told no by itself.
  const hash = requestHash(view);
  if (less !== undefined) {
    const offered = await broker.offer(view.request, { ...less, ...reason, hash });
    await reportChange(
      phi,
      offered,
      `offered: ${personWords(offered.requester)} may have ${whatIsAsked({ ...offered, ...offered.offer })}, if they accept it`,
    );
    return 0;
  }
  const after = await broker.decide(view.request, { verdict: "approve", ...reason, hash });
  const missing = after.approvalsNeeded - after.approvals.filter((approval) => approval.verdict === "approve").length;
  const more = after.state === "pending" && missing > 0 ? `; ${missing} more yes needed` : "";
  await reportChange(
    phi,
    after,
    `${phi.paint.talk.good("✔ approved")}: ${personWords(after.requester)}, ${whatIsAsked(after)}${more}`,
  );
  return 0;
}

/** What is offered instead; `undefined` for a plain yes. */
function readLess(flags: Flags): { role?: string; duration?: number } | undefined {
  if (flags.for === undefined && flags.role === undefined) return undefined;
  return {
    ...(flags.for === undefined ? {} : { duration: readLength(flags.for, "--for") }),
    ...(flags.role === undefined ? {} : { role: flags.role }),
  };
}
