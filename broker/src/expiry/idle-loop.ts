import type { EndIdle } from "../operations/end-idle.js";
import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";

/** Between two turns, in ms: never longer, because windows begin meanwhile, and never shorter. */
const LONGEST_SLEEP = 5_000;
const SHORTEST_SLEEP = 250;

export interface IdleLoop {
  start(): void;
  /** Resolves when no target is being looked at any more. */
  stop(): Promise<void>;
}

/** One timer, to the next look that is due. All the work is in `endIdle`. */
export function createIdleLoop({
  endIdle,
  clock,
  log,
}: {
  readonly endIdle: EndIdle;
  readonly clock: Clock;
  readonly log: Log;
}): IdleLoop {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let stopped = true;

  async function turn(): Promise<void> {
    let sleep = LONGEST_SLEEP;
    try {
      const next = await endIdle.pass();
      if (next !== undefined) sleep = Math.min(LONGEST_SLEEP, Math.max(SHORTEST_SLEEP, next - clock.now()));
    } catch (error) {
      log.error("looking for idle windows failed", { name: error instanceof Error ? error.name : "unknown" });
    }
    if (stopped) return;
    timer = setTimeout(next, sleep);
    timer.unref();
  }

  function next(): void {
    running = turn();
  }

  return {
    start() {
      stopped = false;
      next();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      await endIdle.idle();
    },
  };
}
