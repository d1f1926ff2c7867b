import { describe, expect, it } from "vitest";
import { formatDuration, LONGEST_DURATION, parseDuration } from "./duration.js";

describe("a length of time", () => {
  it.each([
    ["45s", 45],
    ["30m", 1_800],
    ["1h30m", 5_400],
    ["7d", 604_800],
    ["2w", 1_209_600],
    [" 1H ", 3_600],
    ["90m", 5_400],
  ])("%s is %d seconds", (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  it.each([
    "",
    "30",
    "m",
    "-5m",
    "1.5h",
    "30 m",
    "1m1h",
    "5m5m",
    "0s",
    "0h0m",
    "1e3s",
    "∞",
    "٣m",
    "9999999999s",
    "367d",
    "30mm",
    "1h\n30m",
  ])("%j is not one", (text) => expect(parseDuration(text)).toBeUndefined());

  it("written is the same length when read", () => {
    for (const seconds of [1, 59, 60, 61, 3_599, 3_600, 5_400, 86_399, 86_400, 604_800, 1_209_661, LONGEST_DURATION]) {
      expect(parseDuration(formatDuration(seconds))).toBe(seconds);
    }
    expect(formatDuration(0)).toBe("0s");
    expect(formatDuration(-3)).toBe("0s");
  });
});
