import { setTimeout as sleep } from "node:timers/promises";
import { covered, type Spans } from "./spans.js";
import type { Witness } from "./witness.js";
import type { Seat, SoakWorld } from "./world.js";

/** Of a broker that did not come back in time: so long without the database server, in ms, and it is no fault of the broker's. */
const EXCUSE = 5_000;
const MOST_STARTS = 3;

interface Blow {
  readonly name: string;
  readonly strike: () => Promise<void>;
}

export interface Weather {
  /** How often each misfortune came. */
  readonly blows: Record<string, number>;
  readonly slowestStart: number;
}

/**
 * One misfortune after the other, in random order, until told to stop; then everything works again. `targetDown` is told when the
 * target cannot be reached, and `failures` what did not come back.
 */
export async function makeWeather(
  world: SoakWorld,
  {
    targetDown,
    witness,
    failures,
    isOver,
  }: {
    readonly targetDown: Spans;
    readonly witness: Witness;
    readonly failures: string[];
    readonly isOver: () => boolean;
  },
): Promise<Weather> {
  const { toTarget, toLedger, seats } = world;
  let slowestStart = 0;
  const seat = (): Seat => {
    const one = seats[Math.floor(Math.random() * seats.length)];
    if (one === undefined) throw new Error("no broker");
    return one;
  };
  /** A broker that is not ready in time is killed by who starts it, and started again. */
  const bringBack = async (one: Seat) => {
    for (let left = MOST_STARTS; left > 0 && !one.isUp(); left--) {
      const from = Date.now();
      try {
        await one.start();
        slowestStart = Math.max(slowestStart, Date.now() - from);
      } catch (error) {
        const excuse = covered([...witness.silent.list(), ...witness.starved.list()], from, Date.now());
        const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
        if (excuse < EXCUSE) failures.push(`${one.name} after ${Math.round((Date.now() - from) / 1_000)} s: ${why}`);
      }
    }
  };
  const during = async (begin: () => void, ms: number, end: () => void) => {
    begin();
    await sleep(ms * (0.5 + Math.random()));
    end();
  };
  const targetOut = (weather: "silent" | "closed") =>
    during(
      () => {
        targetDown.begin();
        toTarget.become(weather);
      },
      4_000,
      () => {
        toTarget.become("fair");
        targetDown.end();
      },
    );
  const blows: Blow[] = [
    {
      name: "target slow",
      strike: () =>
        during(
          () => toTarget.become("slow"),
          3_000,
          () => toTarget.become("fair"),
        ),
    },
    { name: "target connections reset", strike: async () => toTarget.reset() },
    { name: "target half open", strike: () => targetOut("silent") },
    { name: "target out", strike: () => targetOut("closed") },
    {
      name: "broker frozen",
      async strike() {
        const one = seat();
        if (one.isUp()) await during(one.freeze, 3_000, one.thaw);
      },
    },
    {
      name: "broker killed",
      async strike() {
        const one = seat();
        if (one.isUp()) await one.kill();
        await sleep(1_000 * Math.random());
        await bringBack(one);
      },
    },
  ];
  if (toLedger !== undefined)
    blows.push(
      { name: "ledger connections reset", strike: async () => toLedger.reset() },
      {
        name: "ledger slow",
        strike: () =>
          during(
            () => toLedger.become("slow"),
            2_000,
            () => toLedger.become("fair"),
          ),
      },
    );

  const counts: Record<string, number> = {};
  let round: Blow[] = [];
  while (!isOver()) {
    if (round.length === 0)
      round = blows
        .map((blow) => ({ blow, at: Math.random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ blow }) => blow);
    const blow = round.pop();
    if (blow === undefined) break;
    counts[blow.name] = (counts[blow.name] ?? 0) + 1;
    await blow.strike();
    await sleep(500 + 2_000 * Math.random());
  }
  for (const one of seats) await bringBack(one);
  return { blows: counts, slowestStart };
}
