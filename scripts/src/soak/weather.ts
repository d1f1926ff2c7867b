import { setTimeout as sleep } from "node:timers/promises";
import type { Spans } from "./spans.js";
import type { SoakWorld } from "./world.js";

interface Blow {
  readonly name: string;
  readonly strike: () => Promise<void>;
}

/**
 * One misfortune after the other, in random order, until told to stop; then everything works again. `targetDown` is when the
 * target could not be reached. Gives how often each came.
 */
export async function makeWeather(
  world: SoakWorld,
  targetDown: Spans,
  isOver: () => boolean,
): Promise<Record<string, number>> {
  const { toTarget, toLedger, seats } = world;
  const seat = () => seats[Math.floor(Math.random() * seats.length)] ?? Promise.reject(new Error("no broker"));
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
        const one = await seat();
        await during(one.freeze, 3_000, one.thaw);
      },
    },
    {
      name: "broker killed",
      async strike() {
        const one = await seat();
        await one.kill();
        await sleep(1_000 * Math.random());
        await one.start();
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
  return counts;
}
