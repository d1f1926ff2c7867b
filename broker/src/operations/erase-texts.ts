import { PhiError } from "@phi/shared/errors";
import { newId, parseId } from "@phi/shared/ids";
import type { Clock } from "../ports/clock.js";
import type { Erasure, Ledger } from "../ports/ledger.js";

/**
 * Erases what people typed into one event, or into everything about one request: there, and wherever else the ledger holds it. The leaves of the log have
 * held salted hashes of it only, so the log verifies as before, and the salts go with the texts. It is itself an event.
 *
 * @throws PhiError `invalid_input`, `not_found`
 */
export function createEraseTexts({ ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock }) {
  return async function eraseTexts(typed: string, reason: string, operator: string): Promise<{ events: number }> {
    const [event, request] = [parseId("event", typed), parseId("request", typed)];
    const what: Erasure | undefined = event !== undefined ? { event } : request !== undefined ? { request } : undefined;
    if (what === undefined)
      throw new PhiError("invalid_input", "That is the id of neither an event nor a request.", {
        hint: "evt_… or req_…",
      });
    const events = await ledger.countTexts(what);
    if (events === 0)
      throw new PhiError("not_found", `Nothing that people typed is left in ${typed}.`, { hint: "phi audit --json" });
    await ledger.erase(what, {
      id: newId("event"),
      at: clock.now(),
      kind: "log.erased",
      ...(request === undefined ? {} : { requestId: request }),
      data: { operator, reason, erased: event ?? request, events },
    });
    return { events };
  };
}
