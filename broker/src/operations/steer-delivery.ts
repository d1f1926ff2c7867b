import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { nearest } from "@phi/shared/text";
import type { Delivery } from "../domain/delivery.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Outbox } from "../ports/outbox.js";

interface Needs {
  readonly outbox: Outbox;
  readonly ledger: Pick<Ledger, "audit">;
  readonly clock: Clock;
  readonly wake: () => void;
}

/** Tries now, without waiting out the pause; its dead letters too (or the one named). Returns how many of those. */
export function createRetryDelivery({ outbox, clock, wake }: Needs) {
  return async function retryDelivery(destination: string, seq: number | undefined): Promise<number> {
    await known(outbox, destination);
    const letters = await outbox.tryAgain(destination, seq);
    if (seq !== undefined && letters === 0) {
      throw new PhiError("not_found", `${destination} has no dead letter ${seq}.`, {
        hint: "phi-broker deliveries list --dead",
      });
    }
    await outbox.hurry(destination, clock.now());
    wake();
    return letters;
  };
}

/**
 * Passes by the event that a destination fails at now. The event becomes a dead letter and is on record as skipped; `seq` must be the one
 * the operator has seen, so that nobody skips what has come meanwhile.
 */
export function createSkipDelivery({ outbox, ledger, clock, wake }: Needs) {
  return async function skipDelivery(destination: string, seq: number, operator: string): Promise<void> {
    const delivery = await known(outbox, destination);
    const [event] = await ledger.audit({ after: delivery.position, limit: 1 });
    if (event === undefined || event.seq !== seq || delivery.failingSince === undefined) {
      throw new PhiError("wrong_state", `${destination} does not fail at event ${seq}.`, {
        hint: "phi-broker deliveries list shows where each destination stands.",
      });
    }
    const now = clock.now();
    const error = delivery.lastError ?? "";
    const letter = { destination, seq, at: now, attempts: delivery.attempts, error, again: false };
    const skipped = await outbox.putAside(delivery, letter, {
      id: newId("event"),
      at: now,
      kind: "delivery.skipped",
      data: { destination, event: event.event, seq, error, operator },
    });
    if (!skipped) {
      throw new PhiError("wrong_state", `${destination} moved on meanwhile.`, { hint: "phi-broker deliveries list" });
    }
    wake();
  };
}

async function known(outbox: Outbox, destination: string): Promise<Delivery> {
  const found = await outbox.delivery(destination);
  if (found !== undefined) return found;
  const names = (await outbox.deliveries()).map((one) => one.destination);
  const meant = nearest(destination, names);
  throw new PhiError("not_found", `There is no destination "${destination}".`, {
    hint: meant === undefined ? "phi-broker deliveries list" : `Did you mean ${meant}?`,
  });
}
