import { PhiError } from "@phi/shared/errors";
import { newId, parseId } from "@phi/shared/ids";
import type { Lease } from "../domain/lease.js";
import { abandon } from "../domain/lease-moves.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";

/** What an operator leaves behind on a target. */
export interface Abandoned {
  readonly lease: string;
  readonly resource: string;
  readonly handle: string;
  readonly lastError: string | undefined;
}

/**
 * Stops the attempts to revoke a lease: the only way. What is left on the target stays there, and the answer names it.
 *
 * @throws PhiError `not_found`, `wrong_state`
 */
export function createAbandonLease({ ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock }) {
  return async function abandonLease(typed: string, reason: string, operator: string): Promise<Abandoned> {
    const id = parseId("lease", typed);
    // Whoever is trying just now may move it once between reading and writing.
    for (let race = 0; race < 5; race++) {
      const lease = id && (await ledger.lease(id));
      if (lease === undefined) {
        throw new PhiError("not_found", `There is no lease ${typed}.`, { hint: "phi-broker leases list" });
      }
      if (lease.state !== "revoking") throw notRevoking(lease);
      const outcome = await ledger.commit({
        guard: { do: "advance_lease", advance: abandon(lease, reason) },
        events: [
          {
            id: newId("event"),
            at: clock.now(),
            kind: "lease.abandoned",
            resource: lease.resource,
            requestId: lease.requestId,
            leaseId: lease.id,
            sessionId: lease.sessionId,
            data: { operator, reason, left: lease.handleText, attempts: lease.attempts, error: lease.lastError },
          },
        ],
      });
      if (outcome === "moved") {
        return { lease: lease.id, resource: lease.resource, handle: lease.handleText, lastError: lease.lastError };
      }
    }
    throw new PhiError("wrong_state", "The lease kept changing.", { hint: "Try again." });
  };
}

function notRevoking(lease: Lease): PhiError {
  switch (lease.state) {
    case "issuing":
    case "active":
      return new PhiError("wrong_state", `${lease.id} is ${lease.state}: it is in use, and nothing to abandon.`, {
        hint: lease.requestId === undefined ? undefined : `Take it away with: phi revoke ${lease.requestId}`,
      });
    case "revoked":
    case "abandoned":
    case "revoking":
      return new PhiError("wrong_state", `${lease.id} is ${lease.state} already; nothing is tried any more.`);
  }
}
