import { describe, expect, it } from "vitest";
import { type Breaker, CLOSED, probeDue, probing, unanswered } from "./breaker.js";

const opened = (breaker: Breaker): Extract<Breaker, { state: "open" }> => {
  if (breaker.state !== "open") throw new Error(breaker.state);
  return breaker;
};

describe("a breaker", () => {
  it("opens with the first missing answer and lets one probe through within a second", () => {
    const open = opened(unanswered(CLOSED, 10_000, 0.5));
    expect(probeDue(open, 10_000)).toBe(false);
    expect(probeDue(open, 11_000)).toBe(true);
  });

  it("waits longer after each failed probe, but never long once the target is back, and remembers since when", () => {
    let breaker: Breaker = CLOSED;
    let now = 10_000;
    const waits: number[] = [];
    for (let probe = 0; probe < 30; probe++) {
      const open = opened(unanswered(breaker, now, 0));
      expect(open.since).toBe(10_000);
      waits.push(open.probeAt - now);
      now = open.probeAt;
      breaker = probing(open);
    }
    expect(waits[3]).toBeGreaterThan(waits[1] ?? 0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(5_000);
  });

  it("is not pushed away by what was under way when it opened", () => {
    const open = unanswered(CLOSED, 10_000, 0);
    expect(unanswered(open, 10_400, 0.9)).toBe(open);
  });
});
