import { expect, it } from "vitest";
import { createBatches } from "./batches.js";

const never = new AbortController().signal;

/** A runner whose batches the test ends by hand. */
function byHand() {
  const begun: { items: readonly string[]; signal: AbortSignal; end(answers?: unknown[]): void; fail(): void }[] = [];
  const run = (items: readonly string[], signal: AbortSignal) =>
    new Promise<readonly unknown[]>((resolve, reject) => {
      begun.push({ items, signal, end: (answers = []) => resolve(answers), fail: () => reject(new Error("lost")) });
    });
  return { begun, run };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("begins the first at once, and takes together what came meanwhile, in order and no more than is allowed", async () => {
  const { begun, run } = byHand();
  const batches = createBatches<string>({ underWay: 1, items: 2 }, run);
  const done = ["a", "b", "c", "d"].map((item) => batches.add(item, never));
  expect(begun.map(({ items }) => items)).toEqual([["a"]]);
  begun[0]?.end();
  await done[0];
  await turn();
  expect(begun.map(({ items }) => items)).toEqual([["a"], ["b", "c"]]);
  begun[1]?.end();
  await turn();
  begun[2]?.end();
  await Promise.all(done);
  expect(begun.map(({ items }) => items)).toEqual([["a"], ["b", "c"], ["d"]]);
});

it("gives each its own answer, and all the same one when the whole batch is lost; the next is not held up", async () => {
  const { begun, run } = byHand();
  const batches = createBatches<string>({ underWay: 2, items: 2 }, run);
  const answers = ["a", "b", "c", "d", "e", "f"].map((item) =>
    batches.add(item, never).then(
      () => "done",
      (error: Error) => error.message,
    ),
  );
  begun[0]?.end();
  begun[1]?.end();
  await turn();
  begun[2]?.end([new Error("mine"), undefined]);
  begun[3]?.fail();
  expect(await Promise.all(answers)).toEqual(["done", "done", "mine", "done", "lost", "lost"]);
});

it("lets go at once whoever stops waiting, and stops the work only when nobody waits for it any more", async () => {
  const { begun, run } = byHand();
  const batches = createBatches<string>({ underWay: 1, items: 8 }, run);
  const stops = ["a", "b", "c", "d"].map(() => new AbortController());
  const [a, b, c, d] = ["a", "b", "c", "d"].map((item, index) => batches.add(item, stops[index]?.signal ?? never));
  stops[3]?.abort(); // still in the queue: it is never begun
  await expect(d).rejects.toMatchObject({ code: "target_unavailable" });
  begun[0]?.end();
  await a;
  await turn();
  expect(begun[1]?.items).toEqual(["b", "c"]);
  stops[1]?.abort();
  await expect(b).rejects.toMatchObject({ code: "target_unavailable" });
  expect(begun[1]?.signal.aborted).toBe(false);
  stops[2]?.abort();
  await expect(c).rejects.toMatchObject({ code: "target_unavailable" });
  expect(begun[1]?.signal.aborted).toBe(true);
  await expect(batches.add("e", AbortSignal.abort())).rejects.toMatchObject({ code: "target_unavailable" });
});
