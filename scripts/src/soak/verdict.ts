import type { SoakReport } from "./run-soak.js";

/** Promised while one broker, the target and the database are up, in ms. */
export const LATE_AT_MOST = 10_000;
/** With more of its time starved, or without its database server, a run that came too short says nothing about phi. */
const STARVED_SHARE = 0.1;
/** With something waiting for a CPU for more of the time, the number of leases says what the machine had to spare, and nothing about phi. */
const CROWDED_SHARE = 0.8;

/** `unclear`: the machine or the database server, not phi, is why there were too few leases or they ended late. */
export type SoakVerdict = "kept" | "broken" | "unclear";

/** What is left behind, or wrong on record, is broken on any machine. */
export function judgeSoak(
  { orphans, faults, failures, leases, lateness, notPhi }: SoakReport,
  wanted: number,
): SoakVerdict {
  if (orphans.length > 0 || faults.length > 0) return "broken";
  const isLate = lateness.p99 >= LATE_AT_MOST || failures.length > 0;
  if (!isLate && leases >= wanted) return "kept";
  const isStarved = notPhi.starvedShare > STARVED_SHARE || notPhi.silentShare > STARVED_SHARE;
  const isCrowded = (notPhi.crowdedShare ?? 0) > CROWDED_SHARE;
  return isStarved || (isCrowded && !isLate) ? "unclear" : "broken";
}
