import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { RecordingMode } from "@phi/shared/contract/recording";
import type { DelegationId, EventId, LeaseId, RequestId, SessionId, SignInId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { StandIn } from "../domain/delegation.js";
import type { AskedLease, Lease } from "../domain/lease.js";
import type { Active, Claimed, LeaseAdvance } from "../domain/lease-moves.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { AuditReading } from "./audit-log.js";
import type { Change, CommitOutcome } from "./change.js";

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

/** The newest use of a request, as of a look at its target. */
export interface Use {
  readonly requestId: RequestId;
  readonly activeAt: Instant;
  readonly lookedAt: Instant;
}

/** Whose texts are erased: one event's, or those of everything about a request. */
export type Erasure = { readonly event: EventId } | { readonly request: RequestId };

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
