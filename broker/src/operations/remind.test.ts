import { afterEach, beforeEach, expect, test } from "vitest";
import type { Request } from "../domain/request.js";
import { createReminders } from "../store/reminders.js";
import { entry, openTemporaryLedger, pendingRequest } from "../store/store.testing.js";
import { createRemind } from "./remind.js";

const MINUTE = 60_000;
let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
let now = 0;
beforeEach(async () => {
  open = await openTemporaryLedger();
  now = 1_000_000;
});
afterEach(() => open.close());

const insert = (request: Request) =>
  open.ledger.commit({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    events: [entry("request.created", request)],
  });
const windowOf = (minutes: number) =>
  pendingRequest({
    state: "active",
    duration: minutes * 60,
    approvedAt: now,
    claimUntil: now + MINUTE,
    startedAt: now,
    expiresAt: now + minutes * MINUTE,
  } as Partial<Request>);
type Active = Extract<Request, { state: "active" }>;
async function extend({ id: of, startedAt, expiresAt: from, resource }: Active, minutes: number): Promise<void> {
  const extension = { of, startedAt, from };
  const request = pendingRequest({
    createdAt: now,
    extends: extension,
    state: "extended",
    approvedAt: now,
    endedAt: now,
    resource,
  } as Partial<Request>);
  await open.ledger.commit({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    follow: [{ do: "extend_window", extension, until: from + minutes * MINUTE }],
    events: [entry("request.created", request)],
  });
}
const remindOf = () =>
  createRemind({
    reminders: createReminders(open.store),
    clock: { now: () => now },
    remindAfter: 15 * 60,
    escalateAfter: 60 * 60,
  });
const told = async () =>
  (await open.ledger.audit({ limit: 100 }))
    .filter(({ kind }) => kind !== "request.created")
    .map(({ kind, request }) => ({ kind, request }));

test("a window's end is told once, five minutes before; of a short window it is not, nor after it is over", async () => {
  const [long, short] = [windowOf(30), windowOf(10)];
  await insert(long);
  await insert(short);
  const remind = remindOf();
  now += 24 * MINUTE;
  expect(await remind(), "the short one is over; the long one has six minutes left").toBe(0);
  now += MINUTE;
  await Promise.all([remind(), remindOf()()]);
  await remind();
  expect(await told()).toEqual([{ kind: "request.expiring", request: long.id }]);
  const late = windowOf(30);
  await insert(late);
  now += 31 * MINUTE;
  await remind();
  expect(await told()).toHaveLength(1);
});

test("of an extended window the new end is told too, five minutes before it, also where the window was short at first", async () => {
  const [long, short] = [windowOf(30), windowOf(10)] as [Active, Active];
  for (const window of [long, short]) await insert(window);
  const remind = remindOf();
  await extend(short, 30);
  now += 25 * MINUTE;
  expect(await remind()).toBe(1);
  await extend(long, 20);
  expect(await remind()).toBe(0);
  now += 10 * MINUTE;
  expect(await remind()).toBe(1);
  now += 10 * MINUTE;
  expect(await remind()).toBe(1);
  expect((await told()).filter(({ kind }) => kind === "request.expiring").map(({ request }) => request)).toEqual([
    long.id,
    short.id,
    long.id,
  ]);
});

test("what nobody answers is told again once, and escalated once; what is answered is not", async () => {
  const [waits, withdrawn] = [pendingRequest({ createdAt: now }), pendingRequest({ createdAt: now })];
  await insert(waits);
  await insert(withdrawn);
  await open.ledger.commit({
    guard: {
      do: "advance_request",
      id: withdrawn.id,
      from: "pending",
      to: "withdrawn",
      dueAt: null,
      set: { endedAt: now },
    },
    events: [entry("request.created", withdrawn)],
  });
  const remind = remindOf();
  now += 15 * MINUTE - 1;
  expect(await remind()).toBe(0);
  now += 1;
  expect(await remind()).toBe(1);
  expect(await remind()).toBe(0);
  now += 45 * MINUTE;
  expect(await remind()).toBe(1);
  expect(await remind()).toBe(0);
  expect(await told()).toEqual([
    { kind: "request.reminded", request: waits.id },
    { kind: "request.escalated", request: waits.id },
  ]);
});
