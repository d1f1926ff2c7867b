import type { LeaseId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import { aliveUntil, type Lease, type LeaseState, type RevokeReason } from "./lease.js";
import { retryDelay } from "./retry.js";

/**
 * The moves of a lease, as compare-and-sets: what must still hold, and what then changes. The model that is checked exhaustively
 * (`lease-model.test.ts`) is made of these functions, so the protocol that runs is the one that was checked.
 */

/** New values of a lease that moves; what is absent stays. `dueAt: null` means the broker has nothing left to do. */
export interface LeaseMove {
  readonly to: LeaseState;
  readonly dueAt: Instant | null;
  readonly because?: RevokeReason;
  readonly aliveUntil?: Instant;
  readonly createdOnTarget?: Instant;
  readonly revokingSince?: Instant;
  readonly attempts?: number;
  readonly lastError?: string | null;
  readonly revokedAt?: Instant;
}

/**
 * Happens only while the lease is in this state and epoch, and has the end that the move was reckoned from (an extension moves it);
 * `claim` makes the epoch one greater, which fences every older writer.
 */
export interface LeaseAdvance {
  readonly id: LeaseId;
  readonly from: LeaseState;
  readonly epoch: number;
  readonly claim: boolean;
  readonly expiresAt?: Instant;
  readonly move: LeaseMove;
}

export type Issuing = Extract<Lease, { state: "issuing" }>;
export type Active = Extract<Lease, { state: "active" }>;
/** In revocation, and claimed: nobody else's epoch is newer. */
export type Claimed = Extract<Lease, { state: "revoking" }>;

/** A claim ends by itself after this, in ms. Who is at work renews it, so what a worker that died had claimed is taken over soon. */
export const CLAIM_FOR = 8_000;
/** After a drop that came before `createBy`, the next one, in ms after that instant. */
const AFTER_CREATE_BY = 500;

/** The target has acknowledged the create: the secret may be handed over once this has moved, and not before. */
export function activate(lease: Issuing, now: Instant): LeaseAdvance & { readonly active: Active } {
  const alive = aliveUntil(lease.use, false, lease.expiresAt, now);
  return {
    id: lease.id,
    from: "issuing",
    epoch: lease.epoch,
    claim: false,
    expiresAt: lease.expiresAt,
    move: { to: "active", createdOnTarget: now, aliveUntil: alive, dueAt: Math.min(alive, lease.expiresAt) },
    active: { ...lease, state: "active", createdOnTarget: now, aliveUntil: alive },
  };
}

/** A heartbeat, or the acknowledgement of a window lease's secret. */
export function keepAlive(lease: Active, now: Instant): LeaseAdvance {
  const alive = aliveUntil(lease.use, true, lease.expiresAt, now);
  const dueAt = Math.min(alive, lease.expiresAt);
  return {
    id: lease.id,
    from: "active",
    epoch: lease.epoch,
    claim: false,
    expiresAt: lease.expiresAt,
    move: { to: "active", aliveUntil: alive, dueAt },
  };
}

/**
 * Revocation begins, claimed by whoever makes this move. `since` is when the lease ceased to be wanted; it may lie in the past.
 * With `hold: false` nobody has it yet and the loop takes it at once, or at `notBefore`.
 */
export function beginRevocation(
  lease: Issuing | Active,
  because: RevokeReason,
  {
    now,
    since = now,
    hold = true,
    notBefore = now,
  }: { readonly now: Instant; readonly since?: Instant; readonly hold?: boolean; readonly notBefore?: Instant },
): LeaseAdvance & { readonly claimed: Claimed } {
  const dueAt = hold ? now + CLAIM_FOR : notBefore;
  return {
    id: lease.id,
    from: lease.state,
    epoch: lease.epoch,
    claim: true,
    move: { to: "revoking", because, revokingSince: since, dueAt },
    claimed: {
      ...lease,
      state: "revoking",
      epoch: lease.epoch + 1,
      because,
      revokingSince: since,
      nextAttempt: dueAt,
      attempts: 0,
      lastError: undefined,
      overdueSince: undefined,
    },
  };
}

/** Somebody takes over a revocation whose turn has come, or whose former worker is gone. */
export function takeOver(lease: Claimed, now: Instant): LeaseAdvance & { readonly claimed: Claimed } {
  const dueAt = now + CLAIM_FOR;
  return {
    id: lease.id,
    from: "revoking",
    epoch: lease.epoch,
    claim: true,
    move: { to: "revoking", dueAt },
    claimed: { ...lease, epoch: lease.epoch + 1, nextAttempt: dueAt },
  };
}

/** Gives a claimed lease back untried, because its target does not answer: its turn comes again at `until`. */
export function postpone(lease: Claimed, until: Instant): LeaseAdvance {
  return {
    id: lease.id,
    from: "revoking",
    epoch: lease.epoch,
    claim: false,
    move: { to: "revoking", dueAt: until },
  };
}

/** An operator stops the attempts. The newer epoch fences whoever is trying just now. */
export function abandon(lease: Claimed, reason: string): LeaseAdvance {
  return {
    id: lease.id,
    from: "revoking",
    epoch: lease.epoch,
    claim: true,
    move: { to: "abandoned", dueAt: null, lastError: `abandoned: ${reason}` },
  };
}

/** What one attempt came to, as far as the protocol cares. */
export type AttemptResult =
  | { readonly gone: true; readonly droppedAfterCreateBy: boolean }
  | { readonly gone: false; readonly class: "connection" | "permission" | "busy" | "other"; readonly message: string };

export type Settlement = LeaseAdvance & {
  /** `proven`: revoked. `drop_again`: gone, but a late create could still bring it back. `failed`: tried again later. */
  readonly came: "proven" | "drop_again" | "failed";
};

/**
 * `revoked` only for a drop after which no create can succeed; everything else has a next attempt, for a target that does not
 * answer at `probeAt`. `chance` is in [0, 1).
 */
export function settle(
  lease: Claimed,
  result: AttemptResult,
  now: Instant,
  chance: number,
  probeAt?: Instant,
): Settlement {
  const advance = { id: lease.id, from: "revoking", epoch: lease.epoch, claim: false } as const;
  if (result.gone && result.droppedAfterCreateBy) {
    return {
      ...advance,
      came: "proven",
      move: { to: "revoked", dueAt: null, revokedAt: now, lastError: null },
    };
  }
  if (result.gone) {
    const dueAt = Math.max(lease.createBy, now) + AFTER_CREATE_BY;
    return { ...advance, came: "drop_again", move: { to: "revoking", dueAt } };
  }
  const attempts = lease.attempts + 1;
  const unreachable = result.class === "connection" && probeAt !== undefined;
  return {
    ...advance,
    came: "failed",
    move: {
      to: "revoking",
      dueAt: unreachable ? Math.max(probeAt, now) : now + retryDelay(attempts, result.class, chance),
      attempts,
      lastError: result.message,
    },
  };
}

/**
 * What the target is told about late creates: it compares this with its own clock when it drops. A create that was acknowledged
 * is over, and there is nothing to wait for.
 */
export function lateCreateUntil(lease: Lease): Instant {
  return lease.createdOnTarget === undefined ? lease.createBy : 0;
}
