import type { SoakReport } from "./run-soak.js";

/** Promised while one broker, the target and the database are up, in ms. */
export const LATE_AT_MOST = 10_000;
/** With more of its time starved, or without its database server, a run that came too short says nothing about phi. */
const STARVED_SHARE = 0.1;
/** With more of its processors used by others, neither do the number of leases and how late they ended. */
const OTHERS_SHARE = 0.3;

/** `unclear`: the machine or the database server, not phi, is why there were too few leases or they ended late. */
export type SoakVerdict = "kept" | "broken" | "unclear";

/** What is left behind, or wrong on record, is broken on any machine. */
export function judgeSoak(
  { orphans, faults, failures, leases, lateness, notPhi }: SoakReport,
  wanted: number,
): SoakVerdict {
  if (orphans.length > 0 || faults.length > 0) return "broken";
  const isShort = leases < wanted || lateness.p99 >= LATE_AT_MOST || failures.length > 0;
  if (!isShort) return "kept";
  const isStarved = notPhi.starvedShare > STARVED_SHARE || notPhi.silentShare > STARVED_SHARE;
  return isStarved || (notPhi.othersShare ?? 0) > OTHERS_SHARE ? "unclear" : "broken";
}
