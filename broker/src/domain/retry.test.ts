import { describe, expect, it } from "vitest";
import { retryDelay } from "./retry.js";

describe("retryDelay", () => {
  it("never gives up and never waits longer than a quarter of an hour", () => {
    for (const attempts of [1, 2, 5, 11, 100, 1e6, Number.MAX_SAFE_INTEGER]) {
      const delay = retryDelay(attempts, "connection", 0.999);
      expect(delay).toBeGreaterThan(0);
      expect(delay).toBeLessThanOrEqual(15 * 60_000);
    }
  });

  it("starts within a second and grows", () => {
    expect(retryDelay(1, "connection", 0.5)).toBeLessThanOrEqual(1_000);
    expect(retryDelay(5, "connection", 0)).toBeGreaterThan(retryDelay(2, "connection", 0.999));
  });

  it("tries again almost at once when the target was only busy, but not for ever so quickly", () => {
    expect(retryDelay(1, "busy", 0.999)).toBeLessThan(300);
    expect(retryDelay(12, "busy", 0)).toBeGreaterThan(60_000);
  });

  it("spreads what failed together", () => {
    expect(retryDelay(4, "other", 0)).not.toBe(retryDelay(4, "other", 0.9));
  });
});
