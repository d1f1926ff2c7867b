/** Delays before the next attempt, in ms: quick at first, then doubling to a quarter of an hour, for ever. */
const FIRST = 1_000;
const LONGEST = 15 * 60_000;

/**
 * Whole milliseconds until attempt number `attempts + 1`, with full jitter above half (so that what failed together does not
 * come back together). `chance` is a random number in [0, 1) from outside. There is no last attempt.
 */
export function retryDelay(
  attempts: number,
  kind: "connection" | "permission" | "busy" | "other",
  chance: number,
): number {
  if (kind === "busy" && attempts <= 5) return Math.round(50 + chance * 200);
  const nominal = Math.min(LONGEST, FIRST * 2 ** Math.min(Math.max(attempts - 1, 0), 20));
  return Math.round(nominal / 2 + (nominal / 2) * chance);
}
