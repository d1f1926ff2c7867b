import type { SoakReport } from "./run-soak.js";

/** Promised while one broker and the target are up, in ms. */
export const LATE_AT_MOST = 10_000;
/** With more of its time starved, or without its database server, a run that came too short says nothing about phi. */
const STARVED_SHARE = 0.1;

/** `unclear`: the machine or the database server, not phi, is why there were too few leases or they ended late. */
export type SoakVerdict = "kept" | "broken" | "unclear";

/** What is left behind, or wrong on record, is broken on any machine. */
export function judgeSoak(report: SoakReport, wanted: number): SoakVerdict {
  if (report.orphans.length > 0 || report.faults.length > 0) return "broken";
  const isStarved = report.notPhi.starvedShare > STARVED_SHARE || report.notPhi.silentShare > STARVED_SHARE;
  const isShort = report.leases < wanted || report.lateness.p99 >= LATE_AT_MOST || report.failures.length > 0;
  if (!isShort) return "kept";
  return isStarved ? "unclear" : "broken";
}
