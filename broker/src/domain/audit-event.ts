import type { AuditKind } from "@phi/shared/contract/audit-event";
import type { EventId, LeaseId, RequestId, SessionId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Principal } from "./principal.js";

/** An append-only fact, before it has its number. `data` holds what the kind records and never a secret. */
export interface AuditEntry {
  readonly id: EventId;
  readonly at: Instant;
  readonly kind: AuditKind;
  /** Absent for what the broker does by itself. */
  readonly actor?: Pick<Principal, "issuer" | "subject" | "name"> | undefined;
  readonly resource?: string | undefined;
  readonly requestId?: RequestId | undefined;
  readonly leaseId?: LeaseId | undefined;
  readonly sessionId?: SessionId | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}
