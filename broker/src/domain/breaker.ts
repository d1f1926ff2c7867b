import type { Instant } from "@phi/shared/time";
import { retryDelay } from "./retry.js";

/**
 * Whether a target is tried. `closed`: it answers. `open`: it did not, and nothing is tried before `probeAt`. `half_open`: one
 * lease, the probe, is being tried; its outcome decides. One dead target costs one attempt at a time, however much is due on it.
 */
export type Breaker =
  | { readonly state: "closed" }
  | { readonly state: "open"; readonly failures: number; readonly since: Instant; readonly probeAt: Instant }
  | { readonly state: "half_open"; readonly failures: number; readonly since: Instant };

/**
 * Longest pause between two probes, in ms. All that is due on the target waits for the probe, so a longer one would be lateness after
 * the target is back; and one connection attempt is cheap.
 */
const LONGEST_PAUSE = 5_000;

export const CLOSED: Breaker = { state: "closed" };

/** The target gave an answer, whatever it said. */
export function answered(): Breaker {
  return CLOSED;
}

/** No answer. Attempts that were under way when it opened do not push the probe away. `chance` is in [0, 1). */
export function unanswered(breaker: Breaker, now: Instant, chance: number): Breaker {
  if (breaker.state === "open") return breaker;
  const failures = breaker.state === "closed" ? 1 : breaker.failures + 1;
  const since = breaker.state === "closed" ? now : breaker.since;
  return {
    state: "open",
    failures,
    since,
    probeAt: now + Math.min(LONGEST_PAUSE, retryDelay(failures, "connection", chance)),
  };
}

/** Whether its time for a probe has come. */
export function probeDue(breaker: Breaker, now: Instant): boolean {
  return breaker.state === "open" && now >= breaker.probeAt;
}

/** The probe begins. */
export function probing(breaker: Extract<Breaker, { state: "open" }>): Breaker {
  return { state: "half_open", failures: breaker.failures, since: breaker.since };
}
