import type { RequestId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";

/** What makes a request one for more time: the window that it makes longer, as that was when it was asked for. */
export interface Extension {
  /** Whose window it is; never an extension itself. */
  readonly of: RequestId;
  readonly startedAt: Instant;
  /** The end that was extended from. While it is not the window's end any more, nobody can say yes. */
  readonly from: Instant;
}

/** The end of the window after the yes. `duration` in seconds. */
export function extendedUntil({ from }: Extension, duration: number): Instant {
  return from + duration * 1_000;
}

/**
 * Length, in seconds, of the whole window that an extension makes: what policy is asked about, so that many small extensions get no
 * further than one large request.
 */
export function wholeWindow({ startedAt, from }: Extension, duration: number): number {
  return Math.ceil((from - startedAt) / 1_000) + duration;
}

/** The longest extension, in seconds, with which the whole window is no longer than `maxDuration` seconds; 0: there is none. */
export function longestExtension({ startedAt, from }: Extension, maxDuration: number): number {
  return Math.max(0, maxDuration - Math.ceil((from - startedAt) / 1_000));
}

/** What the last yes makes of an extension, as a move of the ledger: it is over at once, its time is the other window's. */
export interface ExtendedMove {
  readonly to: "extended";
  readonly dueAt: null;
  readonly set: { readonly approvedAt: Instant; readonly endedAt: Instant };
}

export function extendAt(at: Instant): ExtendedMove {
  return { to: "extended", dueAt: null, set: { approvedAt: at, endedAt: at } };
}
