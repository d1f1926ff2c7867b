import type { Instant } from "@phi/shared/time";

/**
 * How far one destination has been given the audit log, which is its outbox: in order, at least once. A destination that fails keeps
 * its place; nothing else waits for it.
 */
export interface Delivery {
  readonly destination: string;
  /** Everything up to this `seq` was handed over or put aside. */
  readonly position: number;
  /** Grows with each claim; whoever writes with an older one has lost it. */
  readonly epoch: number;
  /** The process that delivers, and until when it may without saying so again. */
  readonly holder: string | undefined;
  readonly claimedUntil: Instant;
  /** Failed tries to hand over the event after `position`. */
  readonly attempts: number;
  /** How many of these tries were refused. */
  readonly refusals: number;
  /** Not before this instant; 0: at once. */
  readonly nextAttempt: Instant;
  readonly failingSince: Instant | undefined;
  readonly lastError: string | undefined;
}

/** An event that a destination would not take, or that an operator passed by. It is not lost: it is in the log, and can be tried again. */
export interface DeadLetter {
  readonly destination: string;
  readonly seq: number;
  /** When it was put aside. */
  readonly at: Instant;
  readonly attempts: number;
  readonly error: string;
  /** An operator wants it tried again. */
  readonly again: boolean;
}

/** How long a claim lasts, in ms. Far longer than one hand-over may take, so that two brokers never deliver at once. */
export const CLAIM_FOR = 60_000;
/** A claim that ends sooner than this, in ms, is renewed before anything is handed over. */
export const CLAIM_LEFT = 30_000;
/** An event that is refused so often is put aside, so that those behind it come through. */
export const MOST_REFUSALS = 5;
/** Undelivered for longer than this, in ms, a destination is overdue. */
export const BEHIND_FOR = 60_000;

const FIRST = 1_000;
const LONGEST = 5 * 60_000;

/**
 * Milliseconds until the next try after `attempts` failed ones: 1 s, doubling to 5 minutes, for ever. `chance` in [0, 1) takes up to
 * half of it away, so that what failed together does not come back together. A destination that says when it wants to be asked
 * again (`wanted`, ms) is not asked sooner.
 */
export function handoverDelay(attempts: number, chance: number, wanted = 0): number {
  const nominal = Math.min(LONGEST, FIRST * 2 ** Math.min(Math.max(attempts - 1, 0), 20));
  return Math.max(nominal / 2 + (nominal / 2) * chance, Math.min(wanted, LONGEST));
}

/** Whether `holder` may deliver on this row as it stands. */
export function isHeldBy(delivery: Delivery, holder: string, now: Instant): boolean {
  return delivery.holder === holder && delivery.claimedUntil - now > CLAIM_LEFT;
}

/** Whether somebody should look: it fails, or something waits, for longer than {@link BEHIND_FOR}. `waitingSince`: when the oldest undelivered event happened. */
export function isBehind(
  { failingSince }: Pick<Delivery, "failingSince">,
  waitingSince: Instant | undefined,
  now: Instant,
): boolean {
  const since = Math.min(failingSince ?? Number.POSITIVE_INFINITY, waitingSince ?? Number.POSITIVE_INFINITY);
  return now - since > BEHIND_FOR;
}
