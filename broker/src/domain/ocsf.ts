import type { AuditKind } from "@phi/shared/contract/audit-event";
import { auditOutcomes } from "@phi/shared/contract/audit-outcome";

/** The version of the Open Cybersecurity Schema Framework whose classes are named here (https://schema.ocsf.io/1.7.0). */
export const OCSF_VERSION = "1.7.0";

const PROCESS_ACTIVITY = 1007;
const AUTHENTICATION = 3002;
const USER_ACCESS = 3005;
const APPLICATION_LIFECYCLE = 6002;
const API_ACTIVITY = 6003;

export type OcsfClass =
  | typeof PROCESS_ACTIVITY
  | typeof AUTHENTICATION
  | typeof USER_ACCESS
  | typeof APPLICATION_LIFECYCLE
  | typeof API_ACTIVITY;

/** Activities as each class numbers them; 99 is "other" in all of them. */
const LOGON = 1;
const LOGOFF = 2;
const ASSIGN = 1;
const REVOKE = 2;
const LAUNCH = 1;
const TERMINATE = 2;
const START = 3;
const STOP = 4;
const UPDATED = 8;
const CREATE = 1;
const READ = 2;
const UPDATE = 3;
const DELETE = 4;
const OTHER = 99;

const CRITICAL = 5;
/** Informational, medium, high. */
const SEVERITY = { ok: 1, refused: 3, failed: 4 } as const;

/** Of every kind: `[class_uid, activity_id]`, and its `severity_id` where it is not that of its outcome. The one place that says it. */
const CLASSES: Readonly<Record<AuditKind, readonly [OcsfClass, number, number?]>> = {
  "broker.started": [APPLICATION_LIFECYCLE, START],
  "broker.stopped": [APPLICATION_LIFECYCLE, STOP],
  "ledger.backed_up": [APPLICATION_LIFECYCLE, OTHER],
  "ledger.outdated": [APPLICATION_LIFECYCLE, OTHER, CRITICAL],
  "ledger.adopted": [APPLICATION_LIFECYCLE, OTHER],
  "log.key_rotated": [APPLICATION_LIFECYCLE, OTHER],
  "log.adopted": [APPLICATION_LIFECYCLE, OTHER, CRITICAL],
  "log.erased": [APPLICATION_LIFECYCLE, OTHER],
  "log.exported": [API_ACTIVITY, READ],
  "policy.reloaded": [APPLICATION_LIFECYCLE, UPDATED],
  "policy.reload_failed": [APPLICATION_LIFECYCLE, UPDATED],
  "clock.stepped": [APPLICATION_LIFECYCLE, OTHER],
  "lock.set": [USER_ACCESS, REVOKE, CRITICAL],
  "lock.lifted": [USER_ACCESS, OTHER],
  "sign_in.created": [AUTHENTICATION, LOGON],
  "sign_in.refused": [AUTHENTICATION, LOGON],
  "sign_in.ended": [AUTHENTICATION, LOGOFF],
  "request.created": [API_ACTIVITY, CREATE],
  "request.refused": [API_ACTIVITY, CREATE],
  "request.approved": [API_ACTIVITY, UPDATE],
  "request.denied": [API_ACTIVITY, UPDATE],
  "request.withdrawn": [API_ACTIVITY, UPDATE],
  "request.lapsed": [API_ACTIVITY, UPDATE],
  "request.started": [API_ACTIVITY, UPDATE],
  "request.extended": [API_ACTIVITY, UPDATE],
  "request.ended": [API_ACTIVITY, UPDATE],
  "approval.given": [API_ACTIVITY, CREATE],
  "approval.refused": [API_ACTIVITY, CREATE],
  "offer.made": [API_ACTIVITY, CREATE],
  "offer.accepted": [API_ACTIVITY, UPDATE],
  "delegation.created": [USER_ACCESS, ASSIGN],
  "delegation.ended": [USER_ACCESS, REVOKE],
  "request.emergency": [API_ACTIVITY, CREATE, CRITICAL],
  "review.given": [API_ACTIVITY, UPDATE],
  "review.refused": [API_ACTIVITY, UPDATE],
  "review.overdue": [API_ACTIVITY, UPDATE],
  "lease.planned": [USER_ACCESS, OTHER],
  "lease.issued": [USER_ACCESS, ASSIGN],
  "lease.issue_failed": [USER_ACCESS, ASSIGN],
  "lease.refused": [USER_ACCESS, ASSIGN],
  "lease.extended": [USER_ACCESS, OTHER],
  "lease.extension_failed": [USER_ACCESS, OTHER],
  "lease.revoking": [USER_ACCESS, OTHER],
  "lease.revocation_failed": [USER_ACCESS, REVOKE],
  "lease.overdue": [USER_ACCESS, REVOKE, CRITICAL],
  "lease.revoked": [USER_ACCESS, REVOKE],
  "lease.abandoned": [USER_ACCESS, REVOKE, CRITICAL],
  "lease.found": [USER_ACCESS, OTHER],
  "lease.lost": [USER_ACCESS, OTHER],
  "session.started": [PROCESS_ACTIVITY, LAUNCH],
  "session.ended": [PROCESS_ACTIVITY, TERMINATE],
  "session.recorded": [API_ACTIVITY, CREATE],
  "session.recording_failed": [API_ACTIVITY, CREATE],
  "session.recording_removed": [API_ACTIVITY, DELETE],
  "session.replayed": [API_ACTIVITY, READ],
  "session.watched": [API_ACTIVITY, READ],
  "request.expiring": [API_ACTIVITY, OTHER],
  "request.reminded": [API_ACTIVITY, OTHER],
  "request.escalated": [API_ACTIVITY, OTHER],
  "delivery.put_aside": [APPLICATION_LIFECYCLE, OTHER],
  "delivery.skipped": [APPLICATION_LIFECYCLE, OTHER],
};

/** Fields of every OCSF event, by the names that OCSF gives them. */
export interface OcsfFields {
  readonly category_uid: number;
  readonly class_uid: OcsfClass;
  readonly activity_id: number;
  readonly type_uid: number;
  readonly severity_id: number;
  /** 1 success, 2 failure. */
  readonly status_id: 1 | 2;
}

/** What OCSF says of a kind of event. */
export function ocsfFields(kind: AuditKind): OcsfFields {
  const [classUid, activity, severity] = CLASSES[kind];
  const outcome = auditOutcomes[kind];
  return {
    category_uid: Math.floor(classUid / 1_000),
    class_uid: classUid,
    activity_id: activity,
    type_uid: classUid * 100 + activity,
    severity_id: severity ?? SEVERITY[outcome],
    status_id: outcome === "ok" ? 1 : 2,
  };
}
