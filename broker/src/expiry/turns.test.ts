import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTurns } from "./turns.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const said: string[] = [];
const log = { info() {}, warn() {}, error: (message: string) => void said.push(message) };

test("a turn begins as long after the one before as that said, however long it took, and never beside it", async () => {
  const begun: number[] = [];
  const start = Date.now();
  const turns = createTurns({
    async turn() {
      begun.push(Date.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return 100;
    },
    failed: "",
    afterFailure: 0,
    log,
  });
  turns.start();
  await vi.advanceTimersByTimeAsync(1_250);
  expect(begun).toEqual([0, 400, 800, 1_200]);
});

test("a turn that fails is told of, and the next one comes", async () => {
  let turn = 0;
  const turns = createTurns({
    turn: () => (++turn === 1 ? Promise.reject(new Error("no store")) : Promise.resolve(10_000)),
    failed: "it failed",
    afterFailure: 1_000,
    first: 500,
    log,
  });
  turns.start();
  await vi.advanceTimersByTimeAsync(499);
  expect(turn).toBe(0);
  await vi.advanceTimersByTimeAsync(1_001);
  expect([turn, said]).toEqual([2, ["it failed"]]);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(turn).toBe(2);
});

test("stopping waits for the turn under way, and none follows", async () => {
  const over: string[] = [];
  const turns = createTurns({
    async turn() {
      await new Promise((resolve) => setTimeout(resolve, 200));
      over.push("turn");
      return 0;
    },
    failed: "",
    afterFailure: 0,
    log,
  });
  turns.start();
  const stopped = turns.stop().then(() => over.push("stopped"));
  await vi.advanceTimersByTimeAsync(1_000);
  await stopped;
  expect(over).toEqual(["turn", "stopped"]);
});
