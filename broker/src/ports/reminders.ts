import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Request } from "../domain/request.js";

/** What people are told because time has passed. Each is an event of its own, once for a request. */
export type ReminderKind = "request.expiring" | "request.reminded" | "request.escalated";

export interface Reminders {
  /** Active requests whose window ends in (`now`, `until`], longer than `longerThan` s, that were not told so; a bounded number. */
  expiring(now: Instant, until: Instant, longerThan: number): Promise<Request[]>;
  /** Pending requests asked before the instant that were not told so; a bounded number. */
  unanswered(kind: "request.reminded" | "request.escalated", askedBefore: Instant): Promise<Request[]>;
  /** Records the event, unless it was recorded before or the request has left the state; whether it did. */
  record(request: Request, kind: ReminderKind, entry: AuditEntry): Promise<boolean>;
}
