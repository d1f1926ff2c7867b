import type { DeliverOn, NextLook } from "../operations/deliver-on.js";
import type { Clock } from "../ports/clock.js";
import type { Destination } from "../ports/destination.js";
import type { Log } from "../ports/log.js";

/** What happens within this, in ms, is handed over together. */
const LINGER = 50;
/** Nobody sleeps longer, in ms: a claim that another broker's death freed is noticed by then. */
const LONGEST_SLEEP = 30_000;
const AFTER_FAILURE = 2_000;
const LAST_PASSES = 10;

export interface Couriers {
  start(): void;
  /** Something was recorded, or an operator wants it tried now. */
  wake(): void;
  /** Resolves when nothing is under way. */
  stop(): Promise<void>;
}

/** One courier per destination: a timer around `deliverOn`. None waits for another, and nobody waits for any of them. */
export function createCouriers(needs: {
  readonly destinations: readonly Destination[];
  readonly deliverOn: DeliverOn;
  readonly clock: Clock;
  readonly log: Log;
}): Couriers {
  const couriers = needs.destinations.map((destination) => createCourier({ ...needs, destination }));
  return {
    start() {
      for (const courier of couriers) courier.start();
    },
    wake() {
      for (const courier of couriers) courier.wake();
    },
    async stop() {
      await Promise.all(couriers.map((courier) => courier.stop()));
    },
  };
}

function createCourier({
  destination,
  deliverOn,
  clock,
  log,
}: {
  readonly destination: Destination;
  readonly deliverOn: DeliverOn;
  readonly clock: Clock;
  readonly log: Log;
}): Couriers {
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> | undefined;
  let woken = false;
  let stopped = true;

  async function run(): Promise<void> {
    woken = false;
    let next: NextLook = clock.now() + AFTER_FAILURE;
    try {
      next = await deliverOn(destination);
    } catch (error) {
      log.error("outbox cannot be read or written", {
        destination: destination.name,
        name: error instanceof Error ? error.name : "unknown",
        code: (error as { code?: unknown } | undefined)?.code,
      });
    }
    turn = undefined;
    if (stopped) return;
    if (next === "now") plan(0);
    else if (woken) plan(LINGER);
    else plan(next === undefined ? LONGEST_SLEEP : Math.min(LONGEST_SLEEP, Math.max(next - clock.now(), LINGER)));
  }

  function plan(delay: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      turn = run();
    }, delay).unref();
  }

  return {
    start() {
      stopped = false;
      plan(0);
    },
    wake() {
      if (stopped || woken) return;
      woken = true;
      if (turn === undefined) plan(LINGER);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await turn;
      // What the stop itself recorded goes out too, if that is quick; else it does after the next start.
      for (let pass = 0; pass < LAST_PASSES; pass++)
        if ((await deliverOn(destination).catch(() => undefined)) !== "now") break;
    },
  };
}
