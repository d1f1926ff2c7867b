import type { Instant } from "@phi/shared/time";
import type { Clock } from "./clock.js";

/** A clock that a jump of the wall clock does not move. */
export interface SteadyClock extends Clock {
  /** The two times that differ by more than a minute, while they do. */
  disagreement(): { readonly wall: Instant; readonly passed: Instant } | undefined;
  /** From now on it is this late. */
  set(instant: Instant): void;
}
