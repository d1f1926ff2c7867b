import { parseDuration } from "@phi/shared/duration";
import { describe, expect, test } from "vitest";
import { relative, shortLength, stopwatch, timeForPeople, utcTime } from "./times.js";

const now = Date.parse("2026-11-22T14:05:00.000Z");

describe("times for people", () => {
  test("distances have two units at most and never promise more than five seconds too much", () => {
    expect(relative(now + 27 * 60_000 + 30_000, now)).toBe("in 27m");
    expect(relative(now - 3 * 3_600_000 - 20 * 60_000, now)).toBe("3h20m ago");
    expect(relative(now + 27 * 3_600_000 + 59 * 60_000, now)).toBe("in 1d3h");
    expect(relative(now + 45_000, now)).toBe("in 45s");
    expect(relative(now + 300, now)).toBe("now");
    for (let ms = 1_000; ms < 3 * 86_400_000; ms = Math.round(ms * 1.37)) {
      expect((parseDuration(shortLength(ms)) ?? 0) * 1_000).toBeLessThanOrEqual(ms + 5_000);
    }
    expect(shortLength(30 * 60_000 - 40)).toBe("30m");
  });

  test("a stopwatch shows minutes and seconds, hours when there are some", () => {
    expect([0, 41_900, 725_000, 3_729_000].map(stopwatch)).toEqual(["0:00", "0:41", "12:05", "1:02:09"]);
  });

  test("the audit trail's times are UTC wherever they are read", () => {
    expect(utcTime(now)).toBe("2026-11-22 14:05:00Z");
  });

  test("clock times are this machine's, with the offset on another day", () => {
    const zone = process.env.TZ;
    const show = (place: string, at: number) => {
      process.env.TZ = place; // Node reads it anew at each assignment
      return timeForPeople(at, now);
    };
    try {
      expect(show("Europe/Berlin", now + 27 * 60_000)).toBe("15:32 (in 27m)");
      expect(show("Asia/Kolkata", now + 24 * 3_600_000)).toBe("2026-11-23 19:35 +05:30 (in 1d)");
      expect(show("America/St_Johns", now - 24 * 3_600_000)).toBe("2026-11-21 10:35 -03:30 (1d ago)");
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });
});
