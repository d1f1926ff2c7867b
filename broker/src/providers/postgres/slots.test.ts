import { expect, it } from "vitest";
import { createSlots } from "./slots.js";

const never = new AbortController().signal;

it("lets as many in as there are slots, and the others in the order in which they came", async () => {
  const slots = createSlots(2, 1_000);
  const [first] = await Promise.all([slots.take(never), slots.take(never)]);
  const order: string[] = [];
  const third = slots.take(never).then((giveBack) => {
    order.push("third");
    return giveBack;
  });
  const fourth = slots.take(never).then(() => order.push("fourth"));
  await Promise.resolve();
  expect(order).toEqual([]);
  first?.();
  (await third)();
  await fourth;
  expect(order).toEqual(["third", "fourth"]);
});

it("loses no slot to those who stop waiting", async () => {
  const slots = createSlots(1, 20);
  const giveBack = await slots.take(never);
  const abort = new AbortController();
  const aborted = slots.take(abort.signal);
  const impatient = slots.take(never);
  abort.abort();
  await expect(aborted).rejects.toMatchObject({ code: "target_unavailable" });
  await expect(impatient).rejects.toMatchObject({ code: "target_unavailable" });
  giveBack();
  (await slots.take(never))();
});
