import type { EventId, LeaseId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Lease, LeaseState } from "../domain/lease.js";
import type { Active, Claimed } from "../domain/lease-moves.js";
import type { Request } from "../domain/request.js";

/** One target's leases that have not ended. */
export interface TargetLeases {
  readonly resource: string;
  readonly live: number;
  /** In revocation, or at its end. */
  readonly due: number;
}

/** What operators and the sweep read of the ledger; every answer is bounded. */
export interface LedgerOverview {
  /** Leases that have not ended, by state, and the abandoned ones. */
  leaseCounts(): Promise<Record<Exclude<LeaseState, "revoked">, number>>;
  /** Emergencies that nobody has reviewed, the oldest first, a bounded number; and how many there are. */
  unreviewed(limit: number): Promise<{ readonly count: number; readonly requests: readonly Request[] }>;
  /** Newest first; without a state those that have not ended. */
  leases(filter: { readonly state?: LeaseState | undefined; readonly limit: number }): Promise<Lease[]>;
  /** Oldest first. */
  overdueLeases(limit: number): Promise<Claimed[]>;
  countOverdue(): Promise<number>;
  /** Leases whose targets still have the end from before an extension, the earliest first, a bounded number; and how many there are. */
  lagging(limit: number): Promise<{ readonly count: number; readonly leases: readonly Active[] }>;
  targets(now: Instant): Promise<TargetLeases[]>;
  /** Leases on the resource with one of these handles (their text), ended ones too. */
  leasesByHandle(resource: string, handles: readonly string[]): Promise<Lease[]>;
  /** Live leases on the resource that existed there before the instant. */
  activeOn(resource: string, createdBefore: Instant): Promise<Active[]>;
  newestEvent(): Promise<{ readonly id: EventId; readonly seq: number } | undefined>;
  hasEvent(id: string): Promise<boolean>;
  hasLease(id: LeaseId): Promise<boolean>;
  /** Bytes that the ledger takes, as the database counts them. */
  bytes(): Promise<number | undefined>;
}
