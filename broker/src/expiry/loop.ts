import type { KeepTime } from "../operations/keep-time.js";
import type { SweepDue } from "../operations/sweep-due.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";
import { createTurns, type Turns } from "./turns.js";

/**
 * Never asleep longer than this, in ms: the wall clock may be stepped, and another instant may have come to the ledger. It also keeps
 * every timer far below 2³¹ ms, above which `setTimeout` fires at once.
 */
const LONGEST_SLEEP = 500;
/** After a failed pass (the store cannot be read), in ms. */
const AFTER_FAILURE = 1_000;

/** `stop` resolves when the pass under way, and its work on targets, is over. */
export interface ExpiryLoop extends Turns {
  /** When the last pass ended well; for readiness. */
  lastPass(): number;
}

/** One timer, to the next instant at which anything is due. All the work is in `sweepDue`. */
export function createExpiryLoop({
  sweepDue,
  keepTime,
  ledger,
  clock,
  log,
}: {
  readonly sweepDue: SweepDue;
  readonly keepTime: Pick<KeepTime, "look">;
  readonly ledger: Pick<Ledger, "nextDue">;
  readonly clock: Clock;
  readonly log: Log;
}): ExpiryLoop {
  let last = 0;

  async function turn(): Promise<number> {
    keepTime.look();
    const { more } = await sweepDue.pass();
    last = clock.now();
    const next = await ledger.nextDue();
    if (more) return 0;
    // What is overdue now belongs to a resource that is being worked on: its next turn is soon, not at once.
    return next === undefined ? LONGEST_SLEEP : Math.min(LONGEST_SLEEP, Math.max(next - clock.now(), 20));
  }

  const turns = createTurns({ turn, failed: "expiry pass failed", afterFailure: AFTER_FAILURE, log });
  return {
    start: turns.start,
    async stop() {
      await turns.stop();
      await sweepDue.idle();
    },
    lastPass: () => last,
  };
}
