import type { RequestView } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Invocation } from "../invocation.js";
import { confirm } from "../terminal/confirm.js";
import { say } from "../terminal/output.js";
import { offerWords, whatIsAsked } from "../terminal/request-words.js";

/** Says what is offered to whoever waits; its requester can take it on the spot, or go on waiting for the whole. */
export async function hearOffer(phi: Invocation, view: RequestView): Promise<void> {
  const { offer } = view;
  if (offer === undefined) return;
  say(phi.terminal, offerWords(view));
  const { principal } = (await phi.signedIn()).signIn;
  const isMine = view.requester.issuer === principal.issuer && view.requester.subject === principal.subject;
  if (!isMine) return;
  if (!phi.terminal.mayAsk) {
    say(phi.terminal, `  take it: ${phi.paint.talk.accent(phi.typed("accept", view.request))}   or go on waiting`);
    return;
  }
  if (!(await confirm(`Take ${whatIsAsked({ ...view, ...offer })}?`, { colour: phi.terminal.colour.stderr }))) return;
  try {
    await (await phi.broker()).accept(view.request, { role: offer.role, duration: offer.duration });
  } catch (error) {
    // It changed while the question stood there: what it has become is the next thing that is told.
    if (!(error instanceof PhiError)) throw error;
    say(phi.terminal, printable(error.message));
  }
}
