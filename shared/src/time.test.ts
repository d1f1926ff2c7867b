import { describe, expect, it } from "vitest";
import { parsePast, toRfc3339 } from "./time.js";

const now = Date.parse("2026-11-22T17:00:00Z");

describe("a point in the past", () => {
  it.each([
    ["7d", "2026-11-15T17:00:00.000Z"],
    ["90m", "2026-11-22T15:30:00.000Z"],
    ["2026-11-20", "2026-11-20T00:00:00.000Z"],
    ["2026-11-20T08:00:00Z", "2026-11-20T08:00:00.000Z"],
    ["2026-11-20 08:00+02:00", "2026-11-20T06:00:00.000Z"],
  ])("%s is %s", (text, instant) => expect(toRfc3339(parsePast(text, now) ?? 0)).toBe(instant));

  it.each(["", "yesterday", "20-11-2026", "2026-13-01", "2026-11-20T08:00", "1700000000", "2026"])(
    "%j is not one",
    (text) => {
      expect(parsePast(text, now)).toBeUndefined();
    },
  );
});
