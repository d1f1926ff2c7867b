import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { chooseRequest } from "../requests/choose-request.js";
import { reportChange } from "../requests/report-change.js";
import { readReason } from "../requests/typed-reason.js";
import { whatIsAsked } from "../terminal/request-words.js";

export const examples = ["phi end", "phi end req_7k3m"];

export function define(command: Command, run: Run): void {
  command
    .argument("[id]", "the request, or the beginning of its id; without it, your only open one")
    .option("-m, --reason <text>", "a word for the record")
    .action((id: string | undefined, flags: { readonly reason?: string }) => run((phi) => end(phi, id, flags.reason)));
}

/** Gives access back before the window is over: its credentials are revoked, live sessions included. */
async function end(phi: Invocation, id: string | undefined, typedReason: string | undefined): Promise<number> {
  const reason = readReason(typedReason);
  const view = await chooseRequest(phi, {
    typed: id,
    verb: "end",
    query: { scope: "mine" },
    fits: (candidate) => candidate.state === "active" || candidate.state === "approved",
    none: "You have nothing to give back: no request of yours is approved or active.",
    takeOnlyOne: true,
  });
  const after = await (await phi.broker()).end(view.request, reason);
  await reportChange(phi, after, `Given back: ${whatIsAsked(after)}.`);
  return 0;
}
