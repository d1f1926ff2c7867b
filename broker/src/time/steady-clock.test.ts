import { expect, it } from "vitest";
import { createSteadyClock } from "./steady-clock.js";

const DAY = 86_400_000;

function clocks() {
  let wall = Date.UTC(2026, 2, 29, 0, 59, 30); // half a minute before Europe's summer time begins
  let passed = 0;
  const clock = createSteadyClock({ now: () => wall }, () => passed);
  return {
    clock,
    pass(ms: number) {
      wall += ms;
      passed += ms;
    },
    step(ms: number) {
      wall += ms;
    },
    wall: () => wall,
  };
}

it("follows the wall through small corrections and through summer time", () => {
  const { clock, pass, step, wall } = clocks();
  pass(60_000);
  expect(clock.now()).toBe(wall());
  step(-2_000);
  expect(clock.now()).toBe(wall());
  expect(clock.disagreement()).toBeUndefined();
});

it("goes on by itself through a jump of a day, either way, and back", () => {
  for (const by of [DAY, -DAY]) {
    const { clock, pass, step, wall } = clocks();
    const before = clock.now();
    step(by);
    pass(5_000);
    expect(clock.now()).toBe(before + 5_000);
    expect(clock.disagreement()).toEqual({ wall: before + by + 5_000, passed: before + 5_000 });
    step(-by);
    expect(clock.now()).toBe(wall());
    expect(clock.disagreement()).toBeUndefined();
  }
});

it("takes the wall's word once somebody has said that it is right: the machine slept", () => {
  const { clock, pass, step, wall } = clocks();
  step(8 * 3_600_000);
  clock.set(wall());
  pass(1_000);
  expect(clock.now()).toBe(wall());
  expect(clock.disagreement()).toBeUndefined();
});

it("gives whole milliseconds also when it goes on by itself", () => {
  const { clock, pass, step } = clocks();
  const before = clock.now();
  step(DAY);
  pass(1_000.4);
  expect(clock.now()).toBe(before + 1_000);
});
