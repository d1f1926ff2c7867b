import * as z from "zod";
import type { AuditKind } from "./audit-event.js";

/** How an event came out. `refused`: somebody was told no. `failed`: it should have worked, or should not have been so. */
export const auditOutcome = z.enum(["ok", "refused", "failed"]);
export type AuditOutcome = z.infer<typeof auditOutcome>;

/** The outcome of every kind: the one place that says it. */
export const auditOutcomes: Readonly<Record<AuditKind, AuditOutcome>> = {
  "broker.started": "ok",
  "broker.stopped": "ok",
  "ledger.backed_up": "ok",
  "ledger.outdated": "failed",
  "ledger.adopted": "ok",
  "log.key_rotated": "ok",
  "log.adopted": "failed",
  "log.erased": "ok",
  "log.exported": "ok",
  "clock.stepped": "failed",
  "policy.reloaded": "ok",
  "policy.reload_failed": "failed",
  "lock.set": "ok",
  "lock.lifted": "ok",
  "sign_in.created": "ok",
  "sign_in.refused": "refused",
  "sign_in.ended": "ok",
  "request.created": "ok",
  "request.refused": "refused",
  "request.approved": "ok",
  "request.denied": "refused",
  "request.withdrawn": "ok",
  "request.lapsed": "ok",
  "request.started": "ok",
  "request.extended": "ok",
  "request.ended": "ok",
  "approval.given": "ok",
  "approval.refused": "refused",
  "offer.made": "ok",
  "offer.accepted": "ok",
  "delegation.created": "ok",
  "delegation.ended": "ok",
  "request.emergency": "ok",
  "review.given": "ok",
  "review.refused": "refused",
  "review.overdue": "failed",
  "lease.planned": "ok",
  "lease.issued": "ok",
  "lease.issue_failed": "failed",
  "lease.extended": "ok",
  "lease.extension_failed": "failed",
  "lease.revoking": "ok",
  "lease.revocation_failed": "failed",
  "lease.overdue": "failed",
  "lease.revoked": "ok",
  "lease.abandoned": "failed",
  "lease.found": "failed",
  "lease.lost": "failed",
  "lease.refused": "refused",
  "session.started": "ok",
  "session.ended": "ok",
  "session.recorded": "ok",
  "session.recording_failed": "failed",
  "session.recording_removed": "ok",
  "session.replayed": "ok",
  "session.watched": "ok",
  "request.expiring": "ok",
  "request.reminded": "ok",
  "request.escalated": "ok",
  "delivery.put_aside": "failed",
  "delivery.skipped": "ok",
};

/** The kinds that a filter means: a kind or its noun, and an outcome. `undefined`: every kind. */
export function kindsMeant(kind: string | undefined, outcome: AuditOutcome | undefined): AuditKind[] | undefined {
  if (kind === undefined && outcome === undefined) return undefined;
  return (Object.keys(auditOutcomes) as AuditKind[]).filter(
    (known) =>
      (kind === undefined || known === kind || known.startsWith(`${kind}.`)) &&
      (outcome === undefined || auditOutcomes[known] === outcome),
  );
}
