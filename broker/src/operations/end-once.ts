import { newId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import { type Lease, type RevokeReason, UNUSED } from "../domain/lease.js";
import type { Step } from "../ports/change.js";

/** With the end of a lease that was used, its request ends too if it was for one command; a step that changes nothing for any other. */
export function endOnce(
  lease: Pick<Lease, "requestId" | "resource">,
  because: RevokeReason,
  at: Instant,
): (Step & { readonly event: AuditEntry })[] {
  const { requestId, resource } = lease;
  if (requestId === undefined || UNUSED.includes(because)) return [];
  const event: AuditEntry = {
    id: newId("event"),
    at,
    kind: "request.ended",
    resource,
    requestId,
    data: { because: "used_once" },
  };
  return [{ do: "end_once", requestId, at, event }];
}
