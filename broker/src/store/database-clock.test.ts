import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createDatabaseClock } from "./database-clock.js";

const DAY = 86_400_000;

describe("the clock of the database", () => {
  /** True time; the clocks below differ from it. */
  let time = 0;
  const off = { database: 0, wall: 0, roundTrip: 0 };
  const said: string[] = [];
  const log = {
    info: () => undefined,
    warn: (event: string) => void said.push(event),
    error: (event: string) => void said.push(event),
  };
  const make = () =>
    createDatabaseClock({
      async ask() {
        time += off.roundTrip / 2;
        const answer = time + off.database;
        time += off.roundTrip / 2;
        return answer;
      },
      wall: { now: () => time + off.wall },
      monotonic: () => time - 1_000_000,
      log,
    });

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    time = 1_800_000_000_000;
    Object.assign(off, { database: 0, wall: 0, roundTrip: 0 });
    said.length = 0;
  });
  afterEach(() => vi.useRealTimers());

  async function pass(ms: number): Promise<void> {
    time += ms;
    await vi.advanceTimersByTimeAsync(ms);
  }

  it("is right although this machine's is a day off, either way, and operators are told", async () => {
    for (const wrong of [-DAY, DAY]) {
      off.wall = wrong;
      const clock = await make();
      expect(clock.now()).toBe(time);
      await pass(30_000);
      expect(clock.now()).toBe(time);
      clock.stop();
    }
    expect(said).toHaveLength(2);
  });

  it("takes half of the round trip off", async () => {
    off.roundTrip = 400;
    const clock = await make();
    expect(clock.now()).toBe(time);
    clock.stop();
  });

  it("follows small corrections and never runs backwards", async () => {
    const clock = await make();
    const before = clock.now();
    off.database = -2_000;
    await pass(5_000);
    await pass(0);
    expect(clock.now()).toBe(before + 3_000);
    off.database = -10_000;
    const latest = clock.now();
    await pass(5_000);
    expect(clock.now()).toBeGreaterThanOrEqual(latest);
    clock.stop();
  });

  it("does not follow a database that leaps a day, ahead or back, and says so once", async () => {
    for (const leap of [DAY, -DAY]) {
      off.database = 0;
      const clock = await make();
      off.database = leap;
      await pass(20_000);
      expect(clock.now()).toBe(time);
      clock.stop();
    }
    expect(said).toEqual(Array.from({ length: 2 }, () => "the database's clock was set and is not followed"));
  });

  it("follows a leap that this machine's wall clock confirms: it slept", async () => {
    const clock = await make();
    off.database = DAY;
    off.wall = DAY;
    await pass(5_000);
    expect(clock.now()).toBe(time + DAY);
    clock.stop();
  });

  it("goes on without answers", async () => {
    const clock = await make();
    off.roundTrip = 5_000;
    off.database = 700;
    await pass(10_000);
    expect(Math.abs(clock.now() - time)).toBeLessThan(10);
    clock.stop();
  });
});
