import { expect, it } from "vitest";
import { covered } from "./spans.js";

it("time that several spans cover counts once, and none outside counts", () => {
  const spans = [
    { from: 50, to: 60 },
    { from: 10, to: 30 },
    { from: 20, to: 40 },
    { from: 90, to: Number.POSITIVE_INFINITY },
  ];
  expect(covered(spans, 0, 100)).toBe(30 + 10 + 10);
  expect(covered(spans, 25, 55)).toBe(15 + 5);
  expect(covered(spans, 61, 89)).toBe(0);
  expect(covered([], 0, 100)).toBe(0);
});
