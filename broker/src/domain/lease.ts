import type { LeaseId, RequestId, SessionId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";

/** How long the target may take to create a credential, in ms: after that instant its own guard refuses. */
export const CREATE_WITHIN = 30_000;
/** A command lease beats this often, in ms … */
export const HEARTBEAT_EVERY = 10_000;
/** … and is revoked after so much silence, in ms. A secret that nobody acknowledged is revoked after it too. */
export const SILENCE_ALLOWED = 30_000;
/** A lease that is this much past its end without proof is `overdue`, in ms. */
export const OVERDUE_AFTER = 10_000;

/** Why a lease is being revoked. */
export type RevokeReason =
  | "window_over"
  | "command_ended"
  | "not_started"
  /** It had to be recorded, and could not be any more. */
  | "recording_failed"
  | "heartbeat_lost"
  | "not_acknowledged"
  | "issue_failed"
  /** Nothing was done with the window for as long as its policy allows. */
  | "idle"
  | "ended_by_holder"
  | "revoked"
  /** On a target, with this broker's mark, and not in the ledger. */
  | "found"
  /** Somebody else took it from the target. */
  | "lost";

/** A credential that ended for one of these was never used: its one-shot request may have another. */
export const UNUSED: readonly RevokeReason[] = ["issue_failed", "not_started", "not_acknowledged"];

interface Planned {
  readonly id: LeaseId;
  readonly resource: string;
  readonly kind: string;
  readonly use: "command" | "window";
  /** The provider's handle, as it stores it: enough to revoke. */
  readonly handle: unknown;
  /** The handle in one word. */
  readonly handleText: string;
  /** Grows with every claim; a writer whose epoch is not the newest has lost. */
  readonly epoch: number;
  readonly createdAt: Instant;
  /** After this instant no create can succeed on the target. */
  readonly createBy: Instant;
  /** When the target acknowledged the create; from then on no late one can be under way, and a drop is final. While the outcome is unknown a late
   * create may still arrive until `createBy` (model-checked: without that wait it outlives its clean-up). */
  readonly createdOnTarget?: Instant | undefined;
  /** End of the window. */
  readonly expiresAt: Instant;
  /** The end that the target still has, while the window was extended and the target has not taken the new one. */
  readonly targetExpiresAt?: Instant | undefined;
}

/** Who asked, and for what. Absent for what a sweep found on a target: nobody asked for it here. */
interface Asked {
  readonly requestId: RequestId;
  readonly sessionId: SessionId;
}
interface MaybeAsked {
  readonly requestId?: RequestId | undefined;
  readonly sessionId?: SessionId | undefined;
}

/** What the attempts to revoke have come to. */
export interface Attempts {
  readonly attempts: number;
  readonly lastError: string | undefined;
  /** Set once it is overdue. */
  readonly overdueSince: Instant | undefined;
}

/** A lease in each of its states; `design §3`. "Expired" is a reason for revoking, not a state. */
export type Lease = Planned &
  (
    | (Asked & { readonly state: "issuing" })
    | (Asked & { readonly state: "active"; readonly aliveUntil: Instant })
    | (MaybeAsked & {
        readonly state: "revoking";
        readonly because: RevokeReason;
        readonly revokingSince: Instant;
        readonly nextAttempt: Instant;
      } & Attempts)
    | (MaybeAsked & {
        readonly state: "revoked";
        readonly because: RevokeReason;
        readonly revokedAt: Instant;
      } & Attempts)
    | (MaybeAsked & { readonly state: "abandoned"; readonly because: RevokeReason } & Attempts)
  );

/** A lease that somebody asked for: every one but those a sweep found. */
export type AskedLease = Lease & Asked;

export function isAsked(lease: Lease): lease is AskedLease {
  return lease.requestId !== undefined && lease.sessionId !== undefined;
}

export type LeaseState = Lease["state"];

/** Every lease that has not ended has one instant at which the broker must act; there is no timer per lease. */
export function leaseDue(lease: Lease): Instant | undefined {
  switch (lease.state) {
    case "issuing":
      return Math.min(lease.createBy, lease.expiresAt);
    case "active":
      return Math.min(lease.aliveUntil, lease.expiresAt);
    case "revoking":
      return lease.nextAttempt;
    case "revoked":
    case "abandoned":
      return undefined;
  }
}

/** Why the loop takes an unended lease that is due at `now`. */
export function dueReason(lease: Extract<Lease, { state: "issuing" | "active" }>, now: Instant): RevokeReason {
  if (now >= lease.expiresAt) return "window_over";
  if (lease.state === "issuing") return "issue_failed";
  return lease.use === "command" ? "heartbeat_lost" : "not_acknowledged";
}

/** How long a live lease may stay silent: command leases beat, an acknowledged window lease is trusted to the window's end. */
export function aliveUntil(
  use: "command" | "window",
  acknowledged: boolean,
  expiresAt: Instant,
  now: Instant,
): Instant {
  return use === "window" && acknowledged ? expiresAt : now + SILENCE_ALLOWED;
}
