import type { RequestQuery, RequestView } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import type { Invocation } from "../invocation.js";
import { say } from "../terminal/output.js";
import { pick } from "../terminal/pick.js";
import { personWords, stateWords, untilWords, whatIsAsked } from "../terminal/request-words.js";
import { readRequestId } from "./typed-id.js";

export interface Choosing {
  /** What the person typed, if anything. */
  readonly typed: string | undefined;
  /** The verb, as in `phi end`. */
  readonly verb: string;
  /** Where to look when nothing was typed, and which of them can be meant. */
  readonly query: Partial<RequestQuery>;
  readonly fits: (view: RequestView) => boolean;
  /** The sentence for "there is none". */
  readonly none: string;
  /** With just one that fits: take it without asking (for what is harmless), or let it be picked too. */
  readonly takeOnlyOne: boolean;
}

/**
 * The one request that a command is about: what was typed, the only one there is, or the one picked on a terminal, after
 * which the command that would have done the same is printed. Throws `not_found`, `several_usable_requests` with the ids.
 */
export async function chooseRequest(phi: Invocation, choosing: Choosing): Promise<RequestView> {
  const broker = await phi.broker();
  if (choosing.typed !== undefined) return broker.request(readRequestId(phi, choosing.typed));
  const { requests } = await broker.requests({ limit: 100, ...choosing.query });
  const fitting = requests.filter(choosing.fits);
  const [only] = fitting;
  if (only === undefined) throw new PhiError("not_found", choosing.none, { hint: phi.typed("requests") });
  if (fitting.length === 1 && choosing.takeOnlyOne) return only;
  if (!phi.terminal.mayAsk) {
    throw new PhiError(
      "several_usable_requests",
      `The id is missing; these could be meant: ${fitting.map((view) => view.request).join(", ")}.`,
      {
        hint: phi.typed(choosing.verb, only.request),
        data: { requests: fitting.map(({ request, resource, role }) => ({ request, resource, role })) },
      },
    );
  }
  const now = broker.now();
  const picked = await pick(
    `${choosing.verb} which request?`,
    fitting.map((view) => ({
      name: `${view.request}  ${personWords(view.requester)}: ${whatIsAsked(view)}  (${stateWords(view)}, ${untilWords(view, now)})`,
      value: view,
      ...(view.reason === undefined ? {} : { description: view.reason }),
    })),
    { colour: phi.terminal.colour.stderr },
  );
  say(phi.terminal, phi.paint.talk.faint(`the same without asking: ${phi.typed(choosing.verb, picked.request)}`));
  return picked;
}
