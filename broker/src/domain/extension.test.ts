import { newId } from "@phi/shared/ids";
import fc from "fast-check";
import { expect, it } from "vitest";
import { extendedUntil, longestExtension, wholeWindow } from "./extension.js";

const extension = fc.record({
  of: fc.constant(newId("request")),
  startedAt: fc.integer({ min: 0, max: 1_000_000 }),
  from: fc.integer({ min: 1_000_001, max: 100_000_000 }),
});

it("the longest extension makes a window that is just not too long, and there is none in one that is full", () => {
  fc.assert(
    fc.property(extension, fc.integer({ min: 1, max: 200_000 }), (one, most) => {
      const longest = longestExtension(one, most);
      const length = (duration: number) => extendedUntil(one, duration) - one.startedAt;
      if (longest > 0) {
        expect(wholeWindow(one, longest)).toBe(most);
        expect(length(longest)).toBeLessThanOrEqual(most * 1_000);
      }
      expect(length(longest + 1)).toBeGreaterThan((most - 1) * 1_000);
    }),
  );
});
