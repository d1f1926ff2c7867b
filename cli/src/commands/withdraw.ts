import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { chooseRequest } from "../requests/choose-request.js";
import { reportChange } from "../requests/report-change.js";
import { readReason } from "../requests/typed-reason.js";
import { whatIsAsked } from "../terminal/request-words.js";

export const examples = ["phi withdraw req_7k3m"];

export function define(command: Command, run: Run): void {
  command
    .argument("[id]", "the request, or the beginning of its id; without it, your only pending one")
    .option("-m, --reason <text>", "why; it stays on record")
    .action((id: string | undefined, flags: { readonly reason?: string }) =>
      run((phi) => withdraw(phi, id, flags.reason)),
    );
}

async function withdraw(phi: Invocation, id: string | undefined, typedReason: string | undefined): Promise<number> {
  const reason = readReason(typedReason);
  const view = await chooseRequest(phi, {
    typed: id,
    verb: "withdraw",
    query: { scope: "mine", state: "pending" },
    fits: (candidate) => candidate.state === "pending",
    none: "You have no pending request.",
    takeOnlyOne: true,
  });
  const after = await (await phi.broker()).withdraw(view.request, reason);
  await reportChange(phi, after, `Withdrawn: ${whatIsAsked(after)}.`);
  return 0;
}
