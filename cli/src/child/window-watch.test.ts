import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setAlarm } from "./alarm.js";
import { watchWindow } from "./window-watch.js";

const MINUTE = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const told: string[] = [];
  return {
    told,
    window: watchWindow({
      warn: (minutes) => told.push(`${minutes}m`),
      extended: (ms) => told.push(`extended, ${ms / MINUTE}m`),
      over: () => told.push("over"),
    }),
  };
}

describe("the watch of a window", () => {
  it("warns five minutes and one minute before the end, then says that it is over", () => {
    const { told, window } = watched();
    window.set(10 * MINUTE);
    vi.advanceTimersByTime(5 * MINUTE - 1);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual(["5m"]);
    vi.advanceTimersByTime(4 * MINUTE);
    expect(told).toEqual(["5m", "1m"]);
    vi.advanceTimersByTime(MINUTE);
    expect(told).toEqual(["5m", "1m", "over"]);
  });

  it("gives no warning that the window is too short for", () => {
    const { told, window } = watched();
    window.set(3 * MINUTE);
    vi.advanceTimersByTime(3 * MINUTE);
    expect(told).toEqual(["1m", "over"]);
  });

  it("follows the broker's clock with each heartbeat and warns no more than once", () => {
    const { told, window } = watched();
    window.set(6 * MINUTE);
    vi.advanceTimersByTime(2 * MINUTE);
    window.set(4 * MINUTE + 2_500);
    vi.advanceTimersByTime(3 * MINUTE + 2_500);
    expect(told).toEqual(["5m", "1m"]);
    window.set(0);
    vi.advanceTimersByTime(0);
    expect(told).toEqual(["5m", "1m", "over"]);
  });

  it("says that the window was extended, goes on past the old end, and warns anew before the new one", () => {
    const { told, window } = watched();
    window.set(6 * MINUTE);
    vi.advanceTimersByTime(5.5 * MINUTE);
    expect(told).toEqual(["5m", "1m"]);
    window.set(15.5 * MINUTE);
    vi.advanceTimersByTime(10 * MINUTE);
    expect(told).toEqual(["5m", "1m", "extended, 15.5m"]);
    expect(window.isOver()).toBe(false);
    vi.advanceTimersByTime(5.5 * MINUTE);
    expect(told.slice(3)).toEqual(["5m", "1m", "over"]);
    expect(window.isOver()).toBe(true);
  });

  it("warns anew only of what lies ahead", () => {
    const { told, window } = watched();
    window.set(6 * MINUTE);
    vi.advanceTimersByTime(3 * MINUTE);
    window.set(4 * MINUTE);
    vi.advanceTimersByTime(4 * MINUTE);
    expect(told).toEqual(["5m", "extended, 4m", "1m", "over"]);
  });

  it("holds for a window of ninety days, though a timer holds for twenty-four at most", () => {
    const { told, window } = watched();
    window.set(90 * 24 * 60 * MINUTE);
    vi.advanceTimersByTime(89 * 24 * 60 * MINUTE);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(24 * 60 * MINUTE);
    expect(told).toEqual(["5m", "1m", "over"]);
  });

  it("is silent once stopped", () => {
    const { told, window } = watched();
    window.set(MINUTE);
    window.stop();
    vi.advanceTimersByTime(2 * MINUTE);
    expect(told).toEqual([]);
  });
});

it("an alarm of 2^31 ms does not ring at once", () => {
  const ring = vi.fn();
  setAlarm(2 ** 31, ring);
  vi.advanceTimersByTime(2 ** 31 - 1);
  expect(ring).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(ring).toHaveBeenCalledTimes(1);
});
