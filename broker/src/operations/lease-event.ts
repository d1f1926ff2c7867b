import { newId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Caller } from "../domain/caller.js";
import type { Lease } from "../domain/lease.js";

/** An event about a lease, with everything that it belongs to. */
export function leaseEvent(
  lease: Lease,
  kind: AuditEntry["kind"],
  at: Instant,
  data: Record<string, unknown>,
  caller?: Caller,
): AuditEntry {
  return {
    id: newId("event"),
    at,
    kind,
    actor: caller?.principal,
    resource: lease.resource,
    requestId: lease.requestId,
    leaseId: lease.id,
    sessionId: lease.sessionId,
    data,
  };
}
