import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { RecordingMode } from "@phi/shared/contract/recording";
import type { EndReason } from "@phi/shared/contract/request";
import type { DelegationId, EventId, LeaseId, LockId, RequestId, SessionId, SignInId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Delegation, StandIn } from "../domain/delegation.js";
import type { Review } from "../domain/emergency.js";
import type { Extension } from "../domain/extension.js";
import type { AskedLease, Lease, RevokeReason } from "../domain/lease.js";
import type { Active, Claimed, LeaseAdvance } from "../domain/lease-moves.js";
import type { Lock } from "../domain/lock.js";
import type { Principal } from "../domain/principal.js";
import type { Offer, Request } from "../domain/request.js";
import type { AuditReading } from "./audit-log.js";
import type { RecordingStep } from "./recordings.js";

/** A sign-in as the ledger keeps it: the token only as a hash. */
export interface SignIn {
  readonly id: SignInId;
  readonly tokenHash: string;
  readonly principal: Principal;
  readonly host: string | undefined;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly endedAt: Instant | undefined;
}

export interface Approval {
  readonly requestId: RequestId;
  readonly approver: Pick<Principal, "issuer" | "subject" | "name">;
  /** In whose place, by which delegation. */
  readonly onBehalfOf?: Pick<Principal, "issuer" | "subject" | "name"> | undefined;
  readonly delegation?: DelegationId | undefined;
  readonly verdict: "approve" | "deny";
  /** Of the request as the approver was shown it. */
  readonly requestHash: string | undefined;
  readonly reason: string | undefined;
  readonly at: Instant;
}

/** One command run under a lease. */
export interface Session {
  readonly id: SessionId;
  readonly leaseId: LeaseId;
  readonly requestId: RequestId;
  /** As typed, secrets redacted. */
  readonly command: readonly string[];
  readonly host: string;
  readonly startedAt: Instant;
  /** What is to be recorded of it; absent for nothing. */
  readonly recording?: RecordingMode | undefined;
}

export interface SessionEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly because: string;
  readonly at: Instant;
}

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

/** The newest use of a request, as of a look at its target. */
export interface Use {
  readonly requestId: RequestId;
  readonly activeAt: Instant;
  readonly lookedAt: Instant;
}

/** Whose texts are erased: one event's, or those of everything about a request. */
export type Erasure = { readonly event: EventId } | { readonly request: RequestId };

export type CommitOutcome = "moved" | "lost_race";

export interface RequestFilter {
  readonly requester?: Principal | undefined;
  /** Requests that name one of these approvers and are not the principal's own. */
  readonly approvableBy?: Principal | undefined;
  /** … or one of those in whose place the principal may answer. */
  readonly standIns?: readonly StandIn[] | undefined;
  /** Emergencies without a review that name one of these reviewers and are not the principal's own. */
  readonly reviewableBy?: Principal | undefined;
  /** Any of these; absent: all. */
  readonly states?: readonly Request["state"][] | undefined;
  readonly before?: RequestId | undefined;
  readonly limit: number;
}

/** A request with all that belongs to it. */
export interface RequestDossier {
  readonly request: Request;
  /** The first answer first. */
  readonly approvals: readonly Approval[];
  /** The oldest first. */
  readonly leases: readonly Lease[];
}

/** What operations need of the store. Every write goes through {@link Ledger.commit} or {@link Ledger.record}. */
export interface Ledger {
  /** Rejects with `store_unavailable` when it cannot be recorded; then nothing of it was. */
  commit(change: Change): Promise<CommitOutcome>;
  /** A move of a lease that stays in its state (a take-over, a later attempt), and so has no event. */
  shift(advance: LeaseAdvance): Promise<CommitOutcome>;
  /** Events without a change: refusals, start and stop. */
  record(...events: readonly [AuditEntry, ...AuditEntry[]]): Promise<void>;

  /** How many events hold texts that people typed. */
  countTexts(what: Erasure): Promise<number>;
  /** Erases the texts everywhere in the ledger, together with the event that says so; nothing when there are none. */
  erase(what: Erasure, event: AuditEntry): Promise<void>;

  signInByTokenHash(hash: string): Promise<SignIn | undefined>;
  /** The newest sign-in, ended or not, of whoever has this subject, or else this name. */
  newestSignIn(
    who: { readonly issuer?: string; readonly subject: string } | { readonly name: string },
  ): Promise<SignIn | undefined>;
  request(id: RequestId): Promise<Request | undefined>;
  /** Requests whose id begins so, a bounded number of them. */
  requestsByPrefix(prefix: string): Promise<Request[]>;
  /** With the hash of the order that made it; absent in what was asked before phi kept it. */
  requestByKey(
    requester: Principal,
    key: string,
  ): Promise<{ readonly request: Request; readonly orderHash: string | undefined } | undefined>;
  /** Newest first. */
  requests(filter: RequestFilter): Promise<Request[]>;
  approvals(requests: readonly RequestId[]): Promise<Approval[]>;
  leasesOf(requests: readonly RequestId[]): Promise<Lease[]>;
  lease(id: LeaseId): Promise<Lease | undefined>;
  /** A lease that somebody asked for, with the request it is under, as of one instant. */
  leaseWithRequest(id: LeaseId): Promise<{ readonly lease: AskedLease; readonly request: Request } | undefined>;
  /** Those of the requests that exist, each with all that belongs to it, as of one instant; in the order of the ids. */
  dossiers(ids: readonly RequestId[]): Promise<readonly RequestDossier[]>;
  audit(reading: AuditReading): Promise<AuditEvent[]>;

  /** The extension of the request's window that waits for an answer; there is one at most. */
  pendingExtension(of: RequestId): Promise<Request | undefined>;
  /** Live credentials whose target still has an end that was extended since, but for those on the named resources; a bounded number. */
  laggingLeases(limit: number, exceptResources: readonly string[]): Promise<Active[]>;
  /** Requests whose instant has come, oldest first. */
  dueRequests(now: Instant, limit: number): Promise<Request[]>;
  /** Leases whose instant has come, oldest first, but for those on the named resources. */
  dueLeases(now: Instant, limit: number, exceptResources: readonly string[]): Promise<Lease[]>;
  /** Leases in revocation since before the instant that are not marked overdue, a bounded number. */
  lateLeases(revokingSince: Instant, limit: number): Promise<Claimed[]>;
  /** Every lease of the resource that is in revocation and due at `now` has its next turn at `until`: one write, however many they are. */
  postponeDue(resource: string, now: Instant, until: Instant): Promise<void>;
  /** Active requests that end when they are idle, a bounded number; those that were looked at longest ago first. */
  watchedRequests(limit: number): Promise<Request[]>;
  /** What was seen of the use of these requests: one write without an event, because nothing has happened to them. */
  noteUse(seen: readonly Use[]): Promise<void>;
  /** Emergencies whose review is late at `now`, which was not told yet. */
  lateReviews(now: Instant, limit: number): Promise<Request[]>;
  /** The next instant at which something is due. */
  nextDue(): Promise<Instant | undefined>;
  /** Sessions that nobody ended although their lease was proven revoked before the instant: their CLI is gone. */
  forsakenSessions(revokedBefore: Instant, limit: number): Promise<{ session: Session; resource: string }[]>;
  /** The claims on these leases last until the instant; those that somebody else has taken over meanwhile are left alone. One write. */
  renewClaims(leases: readonly Claimed[], until: Instant): Promise<void>;
  /** Makes every lease in revocation due at once: its former worker is gone. Only while no other broker works on this ledger. */
  releaseClaims(now: Instant): Promise<void>;
}
