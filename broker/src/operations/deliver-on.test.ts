import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MOST_REFUSALS } from "../domain/delivery.js";
import type { Destination, Handover } from "../ports/destination.js";
import { createOutbox } from "../store/outbox.js";
import { entry, openTemporaryLedger } from "../store/store.testing.js";
import { createDeliverOn } from "./deliver-on.js";

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
let now = 0;
beforeEach(async () => {
  open = await openTemporaryLedger();
  now = 1_000_000;
  await createOutbox(open.store).begin(["there"], 0);
});
afterEach(() => open.close());

const outbox = () => createOutbox(open.store);
const quiet = { info() {}, warn() {}, error() {} };
const courierOf = (holder = "one", shared = false) =>
  createDeliverOn({
    ledger: open.ledger,
    outbox: outbox(),
    clock: { now: () => now },
    random: () => 0,
    holder,
    shared,
    log: quiet,
    stopping: new AbortController().signal,
  });
/** A destination as it can be at its worst: `answer` says what it does with each batch. */
function destination(answer: (events: readonly AuditEvent[]) => Handover) {
  const had: number[] = [];
  const there: Destination = {
    name: "there",
    kind: "file",
    async deliver(events) {
      const said = answer(events);
      had.push(...events.slice(0, said.accepted).map(({ seq }) => seq));
      return said;
    },
    async close() {},
  };
  return { had, there };
}
const all = (events: readonly AuditEvent[]): Handover => ({ accepted: events.length });
const record = async (count: number) => {
  for (let n = 0; n < count; n++) await open.ledger.record(entry("broker.started"));
};
async function until(deliver: () => Promise<unknown>): Promise<void> {
  for (let pass = 0; pass < 50; pass++) if ((await deliver()) === undefined) return;
}

describe("delivering on", () => {
  test("hands over each event once and in order, page after page", async () => {
    await record(450);
    const { had, there } = destination(all);
    await until(() => courierOf()(there));
    expect(had).toEqual(Array.from({ length: 450 }, (_, index) => index + 1));
  });

  test("goes on after the last one that was taken, not before its time, and forgets the failure", async () => {
    await record(5);
    let works = false;
    const { had, there } = destination((events) =>
      works ? all(events) : { accepted: 2, failure: { class: "unavailable", message: "503" } },
    );
    const deliver = courierOf();
    expect(await deliver(there)).toBe(now + 500);
    expect(await outbox().delivery("there")).toMatchObject({ position: 2, attempts: 1, lastError: "503" });
    works = true;
    expect(await deliver(there), "too early").toBe(now + 500);
    expect(had).toEqual([1, 2]);
    now += 500;
    await until(() => deliver(there));
    expect(had).toEqual([1, 2, 3, 4, 5]);
    expect(await outbox().delivery("there")).toMatchObject({ attempts: 0, failingSince: undefined });
  });

  test("never gives up on a destination that is away, and puts nothing aside for it", async () => {
    await record(1);
    const { there } = destination(() => ({ accepted: 0, failure: { class: "unavailable", message: "ECONNREFUSED" } }));
    const deliver = courierOf();
    for (let pass = 0; pass < 30; pass++) {
      const next = await deliver(there);
      expect(Number(next) - now).toBeLessThanOrEqual(300_000);
      now = Number(next);
    }
    expect(await outbox().delivery("there")).toMatchObject({ position: 0, attempts: 30 });
    expect(await outbox().deadLetters({ limit: 10 })).toEqual([]);
  });

  test("puts aside an event that is refused again and again, on record, and those behind it come through", async () => {
    await record(3);
    const { had, there } = destination((events) => {
      const bad = events.findIndex(({ seq }) => seq === 2);
      return bad < 0 ? all(events) : { accepted: bad, failure: { class: "refused", message: "status 400" } };
    });
    const deliver = courierOf();
    for (let pass = 0; pass < 20; pass++) {
      const next = await deliver(there);
      if (typeof next === "number") now = next;
      if (next === undefined) break;
    }
    expect(had).toEqual([1, 3, 4]);
    expect(await outbox().deadLetters({ limit: 10 })).toMatchObject([
      { destination: "there", seq: 2, attempts: MOST_REFUSALS, error: "status 400", again: false },
    ]);
    const [told] = await open.ledger.audit({ after: 3, limit: 10 });
    expect(told).toMatchObject({ seq: 4, kind: "delivery.put_aside", data: { destination: "there", seq: 2 } });
  });

  test("a destination that refuses everything does not make the log grow by its own refusals", async () => {
    await record(3);
    const { there } = destination(() => ({ accepted: 0, failure: { class: "refused", message: "status 400" } }));
    const deliver = courierOf();
    for (let pass = 0; pass < 200; pass++) {
      const next = await deliver(there);
      if (typeof next === "number") now = next;
      if (next === undefined) break;
    }
    // Three events and what tells of each; nothing tells of those.
    expect((await open.ledger.audit({ limit: 100 })).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await outbox().deadLetters({ limit: 100 })).toHaveLength(6);
  });

  test("a few refusals while it is coming back put nothing aside", async () => {
    await record(1);
    const said: Handover["failure"][] = [
      ...Array.from({ length: 20 }, () => ({ class: "unavailable", message: "503" }) as const),
      ...Array.from({ length: MOST_REFUSALS - 1 }, () => ({ class: "refused", message: "400" }) as const),
    ];
    const { had, there } = destination((events) => {
      const failure = said.shift();
      return failure === undefined ? all(events) : { accepted: 0, failure };
    });
    const deliver = courierOf();
    for (let pass = 0; pass < 40; pass++) {
      const next = await deliver(there);
      if (typeof next === "number") now = next;
    }
    expect(had).toEqual([1]);
    expect(await outbox().deadLetters({ limit: 10 })).toEqual([]);
  });

  test("tries a dead letter again when an operator says so, and forgets it when it is taken", async () => {
    await record(1);
    let works = false;
    const { had, there } = destination((events) =>
      works ? all(events) : { accepted: 0, failure: { class: "refused", message: "status 422" } },
    );
    const deliver = courierOf();
    for (let pass = 0; pass < 40; pass++) {
      const next = await deliver(there);
      if (typeof next === "number") now = next;
    }
    expect(await outbox().tryAgain("there", 1)).toBe(1);
    works = true;
    await until(() => deliver(there));
    expect(had).toEqual([1]);
    expect(await outbox().deadLetters({ limit: 10 })).toMatchObject([{ seq: 2 }]);
  });
});

describe("several brokers", () => {
  test("one delivers at a time; when it is gone, another goes on where it was", async () => {
    await record(2);
    const { had, there } = destination(all);
    const [one, two] = [courierOf("one"), courierOf("two")];
    await Promise.all([one(there), two(there)]);
    await until(() => one(there));
    await two(there);
    expect(had).toEqual([1, 2]);
    await record(1);
    const wait = await two(there);
    expect(had, "the other one has the claim").toEqual([1, 2]);
    now = Number(wait);
    await until(() => two(there));
    expect(had).toEqual([1, 2, 3]);
    expect(await one(there), "and now the first one waits").toBeGreaterThan(now);
  });

  test("who has nothing left to deliver holds nobody up: the first one to come has what is next", async () => {
    await record(2);
    const { had, there } = destination(all);
    const [one, two] = [courierOf("one", true), courierOf("two", true)];
    await until(() => one(there));
    await record(1);
    await until(() => two(there));
    await record(1);
    await Promise.all([until(() => one(there)), until(() => two(there))]);
    expect(had).toEqual([1, 2, 3, 4]);
  });

  test("who lost the claim in the middle of a hand-over writes nothing", async () => {
    await record(1);
    const two = destination(all);
    const one = destination((events) => all(events));
    const slow: Destination = {
      ...one.there,
      async deliver(events, signal) {
        now += 120_000;
        await until(() => courierOf("two")(two.there));
        await record(1);
        return one.there.deliver(events, signal);
      },
    };
    await courierOf("one")(slow);
    expect(await outbox().delivery("there")).toMatchObject({ position: 1, holder: "two" });
    await until(() => courierOf("two")(two.there));
    expect(two.had).toEqual([1, 2]);
  });
});
