import { PhiError } from "@phi/shared/errors";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { chooseRequest } from "../requests/choose-request.js";
import { reportChange } from "../requests/report-change.js";
import { readReason, reasonProblem } from "../requests/typed-reason.js";
import { ask } from "../terminal/ask.js";
import { requireAsking } from "../terminal/question.js";
import { personWords, whatIsAsked } from "../terminal/request-words.js";

export const examples = ['phi revoke req_7k3m --reason "wrong database"'];

export function define(command: Command, run: Run): void {
  command
    .argument("<id>", "the request, or the beginning of its id")
    .option("-m, --reason <text>", "why; its holder reads it, and it stays on record")
    .action((id: string, flags: { readonly reason?: string }) => run((phi) => revoke(phi, id, flags.reason)));
}

/** Takes access back now, for approvers and administrators. No second question: in an incident every second counts. */
async function revoke(phi: Invocation, id: string, typedReason: string | undefined): Promise<number> {
  if (typedReason === undefined) requireAsking(phi.terminal, "--reason <text>");
  const given = readReason(typedReason);
  const view = await chooseRequest(phi, {
    typed: id,
    verb: "revoke",
    query: {},
    fits: () => true,
    none: "",
    takeOnlyOne: true,
  });
  const reason =
    given.reason ??
    (await ask(
      `Why is ${whatIsAsked(view)} taken from ${personWords(view.requester)}?`,
      { problem: reasonProblem },
      { colour: phi.terminal.colour.stderr },
    ));
  if (reason === "") throw new PhiError("usage", "A revocation needs a reason.");
  const after = await (await phi.broker()).revoke(view.request, { reason });
  await reportChange(phi, after, `Revoked: ${personWords(after.requester)}, ${whatIsAsked(after)}.`);
  return 0;
}
