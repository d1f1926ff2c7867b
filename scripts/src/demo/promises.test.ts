import { expect, test } from "vitest";
import { BrokenPromise, createPromises } from "./promises.js";

function recorded() {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const promises = createPromises({
    heading: write,
    remark: write,
    typed: write,
    said: write,
    kept: (promise) => write(`kept: ${promise}`),
    broken: (promise, difference) => write(`broken: ${promise}: ${difference}`),
  });
  return { lines, promises };
}

test("a difference is shown with both sides, and ends the demo", () => {
  const { lines, promises } = recorded();
  promises.same("it holds", [1, { a: 2 }], [1, { a: 2 }]);
  expect(() => promises.same("exit 0", 1, 0)).toThrow(BrokenPromise);
  expect(lines).toEqual(["kept: it holds", "broken: exit 0: promised 0\nhappened 1"]);
  expect(promises.count).toBe(1);
});

test("missing words are named", () => {
  const { lines, promises } = recorded();
  expect(() => promises.says("it names both", "only alice", ["alice", /b.b/])).toThrow(BrokenPromise);
  expect(lines).toEqual(["broken: it names both: not said: /b.b/\nsaid: only alice"]);
});
