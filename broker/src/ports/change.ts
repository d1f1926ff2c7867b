import type { EndReason } from "@phi/shared/contract/request";
import type { DelegationId, LeaseId, LockId, RequestId, SessionId, SignInId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Delegation } from "../domain/delegation.js";
import type { Review } from "../domain/emergency.js";
import type { Extension } from "../domain/extension.js";
import type { Lease, RevokeReason } from "../domain/lease.js";
import type { Claimed, LeaseAdvance } from "../domain/lease-moves.js";
import type { Lock } from "../domain/lock.js";
import type { Principal } from "../domain/principal.js";
import type { Offer, Request } from "../domain/request.js";
import type { Approval, Session, SessionEnd, SignIn } from "./ledger.js";
import type { RecordingStep } from "./recordings.js";

/** One thing that a change does to the ledger. Nobody who is locked, and nothing on a resource that is, gets past a guard that inserts. */
export type Step =
  | {
      readonly do: "insert_sign_in";
      readonly signIn: SignIn;
      readonly idTokenHash: string;
      readonly idTokenExpiresAt: Instant;
    }
  | { readonly do: "end_sign_in"; readonly id: SignInId; readonly at: Instant }
  /** An extension only while its window is open with the end that is extended from, and no other extension of it is pending. */
  | {
      readonly do: "insert_request";
      readonly request: Request;
      readonly idempotencyKey: string | undefined;
      /** Of the order that came with the key. */
      readonly orderHash?: string;
    }
  /** From exactly this state; `require` adds further facts that must still hold. With the end of a window the pending extension of it lapses in the same batch, with an event of its own. */
  | {
      readonly do: "advance_request";
      readonly id: RequestId;
      readonly from: Request["state"];
      readonly to: Request["state"];
      readonly dueAt: Instant | null;
      /** Only while its window ends then: an extension moves it. */
      readonly endsAt?: Instant | undefined;
      readonly require?: {
        readonly approvalsGiven: number;
        /** In force at the instant. */
        readonly delegation?: { readonly id: DelegationId; readonly at: Instant } | undefined;
        /** A pending request that stays pending has the next one then. */
        readonly revision: number;
        /** Whose doing it is must not be locked. */
        readonly unlocked: readonly Pick<Principal, "issuer" | "subject">[];
        /** A window that must be open at the instant, and end when the extension says. */
        readonly window?: { readonly extension: Extension; readonly at: Instant } | undefined;
      };
      readonly set?: {
        /** What an accepted offer changes. */
        readonly terms?: Pick<
          Request,
          "role" | "duration" | "policy" | "policyHash" | "stages" | "claimWithin" | "starts" | "idleTimeout"
        >;
        /** `null` takes it away. */
        readonly offer?: Offer | null;
        readonly approvedAt?: Instant;
        readonly claimUntil?: Instant;
        readonly startedAt?: Instant;
        readonly expiresAt?: Instant;
        readonly endedAt?: Instant;
        readonly endedBecause?: EndReason;
        readonly endComment?: string;
      };
    }
  /** As a guard: only while the request is pending with just so many approvals and unchanged, so that two answers at once are counted one after the other. */
  | {
      readonly do: "insert_approval";
      readonly approval: Approval;
      readonly approvalsGiven: number;
      readonly revision: number;
    }
  /** Only while the request is usable at `at`: approved or active and not past its instant, nor extended beyond the lease's end. */
  | {
      readonly do: "insert_lease";
      readonly lease: Lease;
      readonly session: Session;
      readonly at: Instant;
      readonly idempotencyKey: string | undefined;
    }
  /** The window ends at `until`, and with it its live credentials, whose targets then lag; only while it is open with the end that is extended from. Never a guard. */
  | { readonly do: "extend_window"; readonly extension: Extension; readonly until: Instant }
  /** The target has taken this end for the credential; only while it is the window's and was not taken before. */
  | { readonly do: "settle_extension"; readonly id: LeaseId; readonly until: Instant }
  /** Ends an active request as idle, unless something was done with it, or a credential asked for, after `activeAt`. */
  | { readonly do: "end_idle"; readonly requestId: RequestId; readonly activeAt: Instant; readonly at: Instant }
  /** Ends an active request that was for one command; any other is left alone. Never a guard. */
  | { readonly do: "end_once"; readonly requestId: RequestId; readonly at: Instant }
  | { readonly do: "advance_lease"; readonly advance: LeaseAdvance }
  /** Only while no unproven lease has the same handle on the same resource. */
  | { readonly do: "insert_found_lease"; readonly lease: Claimed }
  /** Only a lease in revocation that is not marked yet. */
  | { readonly do: "mark_overdue"; readonly id: LeaseId; readonly since: Instant }
  /** Every unended lease of the request begins its revocation at `at`, being unwanted `since` then, each with its own `lease.revoking` event. Never a guard. */
  | {
      readonly do: "revoke_leases_of";
      readonly requestId: RequestId;
      readonly because: RevokeReason;
      readonly since: Instant;
      readonly at: Instant;
    }
  | { readonly do: "end_session"; readonly id: SessionId; readonly end: SessionEnd }
  | RecordingStep
  /** Only while neither of the two is locked. */
  | { readonly do: "insert_delegation"; readonly delegation: Delegation }
  | { readonly do: "end_delegation"; readonly id: DelegationId; readonly at: Instant }
  /** Only while the request, an emergency, is over and not reviewed, and the reviewer is not locked. */
  | { readonly do: "insert_review"; readonly id: RequestId; readonly review: Review }
  /** Only while its review is missing and that was not told yet. */
  | { readonly do: "mark_review_overdue"; readonly id: RequestId }
  /** Only while no other lock is in force on its target. */
  | { readonly do: "insert_lock"; readonly lock: Lock }
  | { readonly do: "lift_lock"; readonly id: LockId; readonly at: Instant }
  /**
   * Everything open of the lock's target ends when it was set, each with its own event that names the lock: requests are withdrawn or ended,
   * leases begin their revocation, sign-ins are over. Never a guard.
   */
  | { readonly do: "end_locked"; readonly lock: Lock };

/**
 * A change of the ledger: the first step guards the rest. Unless it changes exactly one row nothing else happens, and no event is
 * written; otherwise everything is written with its events in one atomic batch.
 */
export interface Change {
  readonly guard: Step;
  /** Each follower may bring an event of its own, written only if that follower changed a row. */
  readonly follow?: readonly (Step & { readonly event?: AuditEntry })[];
  readonly events: readonly [AuditEntry, ...AuditEntry[]];
}

export type CommitOutcome = "moved" | "lost_race";
