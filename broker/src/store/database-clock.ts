import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";

/** The database is asked so often, in ms. */
const ASK_EVERY = 5_000;
/** An answer that took longer says too little about when it was true, in ms. */
const LONGEST_ROUND_TRIP = 1_000;
/** A clock that is this far from where it should be was set, or is wrong, in ms. */
const STEP = 60_000;

export interface DatabaseClock extends Clock {
  stop(): void;
}

interface Needs {
  /** The database's clock, in ms since 1970. */
  readonly ask: () => Promise<number>;
  /** This machine's wall clock: a witness, not an authority. */
  readonly wall: Clock;
  /** Milliseconds that only ever grow, from any origin. */
  readonly monotonic: () => number;
  readonly log: Log;
}

/**
 * The time of the database, which all brokers on it share, however wrong their own clocks are: its last answer, and what has
 * passed here since. Half of the round trip is taken off, so two brokers differ by less than that. It never runs backwards.
 *
 * When the database's clock is suddenly a minute or more from where it should be, two of three decide: if this machine's wall clock
 * says the same, time was set right (or this machine slept) and it is followed; otherwise it is not, and operators
 * are told, because a clock that leaps a day ahead must not revoke what has a day left.
 *
 * @throws what `ask` throws, when the database does not answer the first time
 */
export async function createDatabaseClock({ ask, wall, monotonic, log }: Needs): Promise<DatabaseClock> {
  let offset = (await sample()).offset;
  let latest = Number.NEGATIVE_INFINITY;
  let isDoubted = false;
  if (Math.abs(monotonic() + offset - wall.now()) > STEP) {
    log.warn("this machine's clock is wrong: the database's is used", { offMs: Math.round(wall.now() - now()) });
  }
  let timer = setTimeout(refresh, ASK_EVERY).unref();

  async function sample(): Promise<{ offset: number; roundTrip: number }> {
    const before = monotonic();
    const answer = await ask();
    const roundTrip = monotonic() - before;
    return { offset: answer - before - roundTrip / 2, roundTrip };
  }

  async function refresh(): Promise<void> {
    try {
      const { offset: seen, roundTrip } = await sample();
      if (roundTrip <= LONGEST_ROUND_TRIP) consider(seen);
    } catch {
      // Whoever needs the database says so; time goes on without it.
    }
    timer = setTimeout(refresh, ASK_EVERY).unref();
  }

  function consider(seen: number): void {
    const isStep = Math.abs(seen - offset) >= STEP;
    const isWitnessed = Math.abs(monotonic() + seen - wall.now()) < STEP;
    if (isStep && !isWitnessed) {
      if (!isDoubted)
        log.error("the database's clock was set and is not followed", { byMs: Math.round(seen - offset) });
      isDoubted = true;
      return;
    }
    if (isStep) {
      log.warn("the clock was set", { byMs: Math.round(seen - offset) });
      latest = Number.NEGATIVE_INFINITY;
    }
    isDoubted = false;
    offset = seen;
  }

  function now(): number {
    latest = Math.max(latest, Math.round(monotonic() + offset));
    return latest;
  }

  return { now, stop: () => clearTimeout(timer) };
}
