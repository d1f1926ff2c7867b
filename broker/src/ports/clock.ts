import type { Instant } from "@phi/shared/time";

/** Wall-clock time, from outside, so that tests can move it. */
export interface Clock {
  now(): Instant;
}
