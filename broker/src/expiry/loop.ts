import type { KeepTime } from "../operations/keep-time.js";
import type { SweepDue } from "../operations/sweep-due.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";

/**
 * Never asleep longer than this, in ms: the wall clock may be stepped, and another instant may have come to the ledger. It also keeps
 * every timer far below 2³¹ ms, above which `setTimeout` fires at once.
 */
const LONGEST_SLEEP = 500;
/** After a failed pass (the store cannot be read), in ms. */
const AFTER_FAILURE = 1_000;

export interface ExpiryLoop {
  start(): void;
  /** Resolves when the pass under way, and its work on targets, is over. */
  stop(): Promise<void>;
  /** When the last pass ended well; for readiness. */
  lastPass(): number;
}

/** One timer, to the next instant at which anything is due. All the work is in `sweepDue`. */
export function createExpiryLoop(needs: {
  readonly sweepDue: SweepDue;
  readonly keepTime: Pick<KeepTime, "look">;
  readonly ledger: Pick<Ledger, "nextDue">;
  readonly clock: Clock;
  readonly log: Log;
}): ExpiryLoop {
  const { sweepDue, keepTime, ledger, clock, log } = needs;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let stopped = true;
  let last = 0;

  async function turn(): Promise<void> {
    let sleep = AFTER_FAILURE;
    try {
      keepTime.look();
      const { more } = await sweepDue.pass();
      last = clock.now();
      const next = await ledger.nextDue();
      // What is overdue now belongs to a resource that is being worked on: its next turn is soon, not at once.
      sleep = more ? 0 : next === undefined ? LONGEST_SLEEP : Math.min(LONGEST_SLEEP, Math.max(next - clock.now(), 20));
    } catch (error) {
      log.error("expiry pass failed", {
        name: error instanceof Error ? error.name : "unknown",
        code: (error as { code?: unknown } | undefined)?.code,
      });
    }
    if (!stopped) timer = setTimeout(next, sleep);
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
      await sweepDue.idle();
    },
    lastPass: () => last,
  };
}
