import { describe, expect, test } from "vitest";
import { handoverDelay, isBehind } from "./delivery.js";

describe("the pause after a failed hand-over", () => {
  test("doubles from one second to five minutes, and never stops", () => {
    const longest = (attempts: number) => handoverDelay(attempts, 1);
    expect([1, 2, 3, 4, 9, 10, 1_000].map(longest)).toEqual([1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
  });

  test("is cut by chance, to half of it at most", () => {
    expect(handoverDelay(5, 0)).toBe(8_000);
    expect(handoverDelay(5, 0.5)).toBe(12_000);
  });

  test("is as long as the destination asks, up to five minutes", () => {
    expect(handoverDelay(1, 0, 30_000)).toBe(30_000);
    expect(handoverDelay(1, 0, 86_400_000)).toBe(300_000);
  });
});

test("a destination is behind when it failed, or something waits, for more than a minute", () => {
  const now = 1_000_000;
  expect(isBehind({ failingSince: undefined }, undefined, now)).toBe(false);
  expect(isBehind({ failingSince: undefined }, now - 59_000, now)).toBe(false);
  expect(isBehind({ failingSince: undefined }, now - 61_000, now)).toBe(true);
  expect(isBehind({ failingSince: now - 61_000 }, now, now)).toBe(true);
});
