import { gunzipSync } from "node:zlib";
import { PhiError } from "@phi/shared/errors";
import { describe, expect, test } from "vitest";
import { createChunkQueue } from "./chunk-queue.js";

const unreachable = () => new PhiError("broker_unreachable", "The broker does not answer.");

/** A queue to a broker of these answers, in order; the last one stays. */
function queueTo(answers: (() => Promise<{ state: "recording" | "cut" }>)[], patience = { held: 60_000, any: 60_000 }) {
  const sent: { n: number; text: string; last: boolean }[] = [];
  const held: boolean[] = [];
  const broken: string[] = [];
  let calls = 0;
  const queue = createChunkQueue({
    send: async (n, { data, last }) => {
      const answer = await (answers[Math.min(calls++, answers.length - 1)] ?? taken)();
      sent.push({ n, text: gunzipSync(Buffer.from(data, "base64")).toString(), last });
      return answer;
    },
    hold: (isHeld) => held.push(isHeld),
    broken: (because) => broken.push(because),
    patience,
    now: () => performance.now(),
  });
  return { queue, sent, held, broken };
}
const taken = async () => ({ state: "recording" as const });

describe("the way of a recording to the broker", () => {
  test("is in order, one piece at a time, each numbered, the last one marked", async () => {
    const { queue, sent } = queueTo([taken]);
    for (const text of ["a", "b", "c"]) queue.push({ text, isLast: text === "c" });
    expect(await queue.drained(5_000)).toBe(true);
    expect(sent).toEqual([
      { n: 0, text: "a", last: false },
      { n: 1, text: "b", last: false },
      { n: 2, text: "c", last: true },
    ]);
  });

  test("outlasts a broker that does not answer for a while: nothing is lost, nothing counts twice", async () => {
    const fail = () => Promise.reject(unreachable());
    const { queue, sent, broken } = queueTo([taken, fail, fail, taken]);
    queue.push({ text: "a", isLast: false });
    queue.push({ text: "b", isLast: true });
    expect(await queue.drained(10_000)).toBe(true);
    expect([sent.map(({ n, text }) => [n, text]), broken]).toEqual([
      [
        [0, "a"],
        [1, "b"],
      ],
      [],
    ]);
  });

  test("holds the command up when more than 2 MiB wait, and lets it go on when half of that has arrived", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { queue, held } = queueTo([() => gate.then(taken)]);
    for (let n = 0; n < 20; n++) queue.push({ text: "x".repeat(128 * 1024), isLast: false });
    expect(held).toEqual([true]);
    open();
    expect(await queue.drained(5_000)).toBe(true);
    expect(held).toEqual([true, false]);
  });

  test("gives up, says why once, and holds nothing up any more: refused, cut, and not sent in time", async () => {
    const refused = queueTo([() => Promise.reject(new PhiError("wrong_state", "no"))]);
    refused.queue.push({ text: "a", isLast: false });
    refused.queue.push({ text: "b", isLast: false });
    expect(await refused.queue.drained(5_000)).toBe(false);
    expect(refused.broken).toEqual(["refused"]);

    const cut = queueTo([async () => ({ state: "cut" as const })]);
    cut.queue.push({ text: "a", isLast: false });
    expect(await cut.queue.drained(5_000)).toBe(false);
    expect(cut.broken).toEqual(["cut"]);

    const late = queueTo([() => Promise.reject(unreachable())], { held: 100, any: 60_000 });
    for (let n = 0; n < 20; n++) late.queue.push({ text: "x".repeat(128 * 1024), isLast: false });
    expect(await late.queue.drained(5_000)).toBe(false);
    expect([late.broken, late.held]).toEqual([["not_sent"], [true, false]]);
  });

  test("is waited for no longer than asked", async () => {
    const { queue } = queueTo([() => new Promise(() => {})]);
    queue.push({ text: "a", isLast: true });
    const began = performance.now();
    expect(await queue.drained(100)).toBe(false);
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});
