import { describe, expect, it } from "vitest";
import { judgeTime, timeAtStart } from "./agreement.js";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 9, 25, 0, 59, 59); // the night in which Europe's summer time ends

describe("when the wall clock and passing time disagree", () => {
  it("the targets' clocks decide, by majority", () => {
    expect(judgeTime(NOW + DAY, NOW, [NOW + 3_000])).toBe("passed");
    expect(judgeTime(NOW + DAY, NOW, [NOW + DAY - 3_000])).toBe("wall");
    expect(judgeTime(NOW + DAY, NOW, [NOW, NOW + DAY, NOW + DAY])).toBe("wall");
  });

  it("nothing is decided without a majority, or by a witness that agrees with neither", () => {
    expect(judgeTime(NOW - DAY, NOW, [])).toBe("undecided");
    expect(judgeTime(NOW - DAY, NOW, [NOW, NOW - DAY])).toBe("undecided");
    expect(judgeTime(NOW - DAY, NOW, [NOW + DAY])).toBe("undecided");
  });
});

describe("at the start", () => {
  it("the wall clock counts, unless every target says otherwise and all say the same", () => {
    expect(timeAtStart(NOW, [])).toBe(NOW);
    expect(timeAtStart(NOW, [NOW + DAY, NOW + 2_000])).toBe(NOW);
    expect(timeAtStart(NOW, [NOW + DAY, NOW - DAY])).toBe(NOW);
    expect(timeAtStart(NOW - DAY, [NOW, NOW + 500])).toBe(NOW);
  });
});
