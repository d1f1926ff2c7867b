import type { EndIdle } from "../operations/end-idle.js";
import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";
import { createTurns, type Turns } from "./turns.js";

/** Between two turns, in ms: never longer, because windows begin meanwhile, and never shorter. */
const LONGEST_SLEEP = 5_000;
const SHORTEST_SLEEP = 250;

/** One timer, to the next look that is due; `stop` resolves when no target is being looked at any more. All the work is in `endIdle`. */
export function createIdleLoop({
  endIdle,
  clock,
  log,
}: {
  readonly endIdle: EndIdle;
  readonly clock: Clock;
  readonly log: Log;
}): Turns {
  async function turn(): Promise<number> {
    const next = await endIdle.pass();
    return next === undefined ? LONGEST_SLEEP : Math.min(LONGEST_SLEEP, Math.max(SHORTEST_SLEEP, next - clock.now()));
  }

  const turns = createTurns({ turn, failed: "looking for idle windows failed", afterFailure: LONGEST_SLEEP, log });
  return {
    start: turns.start,
    async stop() {
      await turns.stop();
      await endIdle.idle();
    },
  };
}
