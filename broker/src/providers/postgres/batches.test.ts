import { expect, it } from "vitest";
import { createBatches } from "./batches.js";

const never = new AbortController().signal;
const LONG = { patience: 60_000, underWay: 4 };

/** Batches that the test ends by hand; the answer to an item is the item in capitals. */
function byHand() {
  const begun: { items: readonly string[]; signal: AbortSignal; end(): void; fail(): void }[] = [];
  const run = (items: readonly string[], signal: AbortSignal) =>
    new Promise<readonly string[]>((resolve, reject) => {
      const answers = items.map((item) => item.toUpperCase());
      begun.push({ items, signal, end: () => resolve(answers), fail: () => reject(new Error("lost")) });
    });
  return { begun, run, seen: () => begun.map(({ items }) => items.join("")) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("begins the first at once, and takes together what came meanwhile, in order and no more than is allowed", async () => {
  const { begun, run, seen } = byHand();
  const batches = createBatches({ ...LONG, items: 2 }, run);
  const done = ["a", "b", "c", "d"].map((item) => batches.add(item, never));
  expect(seen()).toEqual(["a"]);
  for (let ended = 0; ended < 3; ended++) {
    begun[ended]?.end();
    await turn();
  }
  expect(seen()).toEqual(["a", "bc", "d"]);
  expect(await Promise.all(done)).toEqual(["A", "B", "C", "D"]);
});

it("tells each of a batch that is lost, and goes on with the next", async () => {
  const { begun, run } = byHand();
  const batches = createBatches({ ...LONG, items: 8 }, run);
  const [a, b, c] = ["a", "b", "c"].map((item) => batches.add(item, never));
  begun[0]?.fail();
  await expect(a).rejects.toThrow("lost");
  await turn();
  begun[1]?.end();
  expect(await Promise.all([b, c])).toEqual(["B", "C"]);
});

it("does not wait for a batch that takes long, and has no more under way than is allowed", async () => {
  const { begun, run, seen } = byHand();
  const batches = createBatches({ items: 1, patience: 1, underWay: 2 }, run);
  const done = ["a", "b", "c"].map((item) => batches.add(item, never));
  await expect.poll(seen).toEqual(["a", "b"]);
  begun[1]?.end();
  expect(await done[1]).toBe("B");
  await expect.poll(seen).toEqual(["a", "b", "c"]);
  begun[0]?.end();
  begun[2]?.end();
  expect(await Promise.all(done)).toEqual(["A", "B", "C"]);
});

it("lets go at once whoever stops waiting, and stops the work only when nobody waits for it any more", async () => {
  const { begun, run, seen } = byHand();
  const batches = createBatches({ ...LONG, items: 8 }, run);
  const stops = ["a", "b", "c", "d"].map(() => new AbortController());
  const [a, b, c, d] = ["a", "b", "c", "d"].map((item, index) => batches.add(item, stops[index]?.signal ?? never));
  stops[3]?.abort(); // still in the queue: it is never begun
  await expect(d).rejects.toMatchObject({ code: "target_unavailable" });
  begun[0]?.end();
  await a;
  await turn();
  expect(seen()).toEqual(["a", "bc"]);
  stops[1]?.abort();
  await expect(b).rejects.toMatchObject({ code: "target_unavailable" });
  expect(begun[1]?.signal.aborted).toBe(false);
  stops[2]?.abort();
  await expect(c).rejects.toMatchObject({ code: "target_unavailable" });
  expect(begun[1]?.signal.aborted).toBe(true);
  await expect(batches.add("e", AbortSignal.abort())).rejects.toMatchObject({ code: "target_unavailable" });
});
