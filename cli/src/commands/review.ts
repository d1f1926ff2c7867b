import { PhiError } from "@phi/shared/errors";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { reportChange } from "../requests/report-change.js";
import { readRequestId } from "../requests/typed-id.js";
import { readReason } from "../requests/typed-reason.js";
import { personWords, whatIsAsked } from "../terminal/request-words.js";

interface Flags {
  readonly ok?: boolean;
  readonly flag?: boolean;
  readonly reason?: string;
}

export const examples = [
  "phi requests --to-review",
  'phi review req_7k3m --ok --reason "restarted the stuck job, nothing else"',
  'phi review req_7k3m --flag --reason "read a table that the incident did not need"',
];

export function define(command: Command, run: Run): void {
  command
    .argument("<id>", "the request, or the beginning of its id")
    .option("--ok", "it was right")
    .option("--flag", "somebody should look into it")
    .option("-m, --reason <text>", "what you looked at and found; it stays on record")
    .action((id: string, flags: Flags) => run((phi) => review(phi, id, flags)));
}

/** What somebody else thinks of an emergency that is over. */
async function review(phi: Invocation, id: string, { ok, flag, reason }: Flags): Promise<number> {
  if ((ok === true) === (flag === true)) {
    throw new PhiError("usage", "Say what you found: either --ok or --flag.", {
      hint: phi.typed("audit", "--request", id),
    });
  }
  const given = readReason(reason).reason;
  if (given === undefined)
    throw new PhiError("usage", "A review says what was found.", { hint: "Add --reason <text>" });
  const verdict = ok === true ? "ok" : "flag";
  const after = await (await phi.broker()).review(readRequestId(phi, id), { verdict, reason: given });
  const { good, bad } = phi.paint.talk;
  const mark = verdict === "ok" ? good("✔ reviewed, ok") : bad("⚑ reviewed, flagged");
  await reportChange(phi, after, `${mark}: ${personWords(after.requester)}, ${whatIsAsked(after)}`);
  return 0;
}
