import type { LeaseOrder } from "@phi/shared/contract/lease";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import type { Caller } from "../domain/caller.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import { lockedOut } from "./locked-out.js";

/** Refusals that are facts worth keeping. */
const REFUSALS = ["no_usable_request", "window_over", "not_permitted", "recording_required"];

/** Records that somebody wanted a credential and got none, and rejects with why; an ambiguous call is only a question, and is not recorded. */
export function createRefuseLease({
  ledger,
  clock,
  locks,
}: {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly locks: Locks;
}) {
  return async function refuseLease(caller: Caller, order: LeaseOrder, error: unknown): Promise<never> {
    if (!(error instanceof PhiError && REFUSALS.includes(error.code))) throw error;
    // A lock ended what there was.
    const lock = await locks.on({ principal: caller.principal, resource: order.resource });
    const why = lock === undefined ? error : lockedOut(lock);
    await ledger.record({
      id: newId("event"),
      at: clock.now(),
      kind: "lease.refused",
      actor: caller.principal,
      data: { because: why.message, request: shown(order.request), resource: shown(order.resource) },
    });
    throw why;
  };
}

/** What the caller typed, as the log may keep it. */
function shown(typed: string | undefined): string | undefined {
  return typed === undefined ? undefined : printable(typed, 64);
}
