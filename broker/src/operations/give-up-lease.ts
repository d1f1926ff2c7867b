import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { beginRevocation, type Issuing } from "../domain/lease-moves.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import { leaseEvent } from "./lease-event.js";
import type { RevokeLeases } from "./revoke-leases.js";

/** After a create whose outcome on the target is unknown the lease is revoked, as if the credential existed. */
export function createGiveUpLease({
  ledger,
  clock,
  revokeLeases,
}: {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly revokeLeases: RevokeLeases;
}) {
  return async function giveUpLease(lease: Issuing, error: unknown): Promise<void> {
    const at = clock.now();
    const message = error instanceof PhiError ? error.message : "phi failed";
    await ledger.commit({
      guard: { do: "advance_lease", advance: beginRevocation(lease, "issue_failed", { now: at, hold: false }) },
      follow: [
        {
          do: "end_session",
          id: lease.sessionId,
          end: { because: "not_started", at, exitCode: undefined, signal: undefined },
        },
      ],
      events: [
        leaseEvent(lease, "lease.issue_failed", at, { handle: lease.handleText, error: printable(message, 300) }),
      ],
    });
    // Not awaited: the caller need not wait for a target that has just failed them. The loop takes over what fails here.
    void revokeLeases.ofRequest(lease.requestId).catch(() => undefined);
  };
}
