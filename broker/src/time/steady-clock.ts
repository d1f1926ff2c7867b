import type { Instant } from "@phi/shared/time";
import { agree } from "../domain/agreement.js";
import type { Clock } from "../ports/clock.js";
import type { SteadyClock } from "../ports/steady-clock.js";

/**
 * Follows the wall clock while it moves as time passes, small corrections included, and goes on by itself when the wall jumps by more than
 * a minute: until somebody says which is right. Summer time does not matter to it: instants are UTC.
 *
 * @param monotonic ms since whenever; never stepped, though it may stand still while the machine sleeps
 */
export function createSteadyClock(wall: Clock, monotonic: () => number): SteadyClock {
  let offset = wall.now() - monotonic();
  // Whole milliseconds: a fraction does not survive being written and read as JSON, and an end that was read must be the end that is there.
  const passed = () => Math.round(monotonic() + offset);

  return {
    now() {
      const shown = wall.now();
      if (!agree(shown, passed())) return passed();
      offset = shown - monotonic();
      return shown;
    },
    disagreement() {
      const shown = wall.now();
      return agree(shown, passed()) ? undefined : { wall: shown, passed: passed() };
    },
    set(instant: Instant) {
      offset = instant - monotonic();
    },
  };
}
