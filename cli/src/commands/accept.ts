import { PhiError } from "@phi/shared/errors";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { chooseRequest } from "../requests/choose-request.js";
import { reportChange } from "../requests/report-change.js";
import { whatIsAsked } from "../terminal/request-words.js";

export const examples = ["phi accept req_7k3m"];

export function define(command: Command, run: Run): void {
  command
    .argument("[id]", "the request, or the beginning of its id; without it, the only one with an offer")
    .action((id: string | undefined) => run((phi) => accept(phi, id)));
}

/** Takes just what is offered at this moment; when that has changed before the answer arrives, nothing is taken. */
async function accept(phi: Invocation, id: string | undefined): Promise<number> {
  const view = await chooseRequest(phi, {
    typed: id,
    verb: "accept",
    query: { scope: "mine", state: "pending" },
    fits: (candidate) => candidate.offer !== undefined,
    none: "Nobody offers you anything for a request of yours.",
    takeOnlyOne: true,
  });
  const { offer } = view;
  if (offer === undefined) {
    throw new PhiError("wrong_state", `There is no offer for ${view.request}; it is ${view.state}.`, {
      hint: phi.typed("show", view.request),
    });
  }
  const after = await (await phi.broker()).accept(view.request, { role: offer.role, duration: offer.duration });
  await reportChange(phi, after, `${phi.paint.talk.good("✔ accepted")}: ${whatIsAsked(after)}`);
  return 0;
}
