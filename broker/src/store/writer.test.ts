import { afterEach, beforeEach, expect, it } from "vitest";
import { entry, openTemporaryLedger } from "./store.testing.js";

let groups = 0;
let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
beforeEach(async () => {
  groups = 0;
  open = await openTemporaryLedger({
    beforeCommit: () => {
      groups += 1;
    },
  });
});
afterEach(() => open.close());

it("thousands of changes at once are few commits, and the event loop gets a turn after each", async () => {
  let most = 0;
  let seen = 0;
  let isOver = false;
  const look = () => {
    most = Math.max(most, groups - seen);
    seen = groups;
    if (!isOver) setImmediate(look);
  };
  look();
  await Promise.all(Array.from({ length: 3_000 }, () => open.ledger.record(entry("broker.started"))));
  isOver = true;
  look();
  expect(groups).toBe(6); // 500 changes each
  expect(most).toBe(1);
  expect((await open.ledger.audit({ limit: 10_000 })).map(({ seq }) => seq)).toEqual(
    Array.from({ length: 3_000 }, (_, index) => index + 1),
  );
});

it("a change that is handed over while the ledger closes is recorded or refused, never forgotten", async () => {
  const before = open.ledger.record(entry("broker.started"));
  const closing = open.store.writer.close();
  const after = open.ledger.record(entry("broker.stopped"));
  await expect(after).rejects.toMatchObject({ code: "store_unavailable" });
  await closing;
  await before;
  expect((await open.ledger.audit({ limit: 10 })).map(({ kind }) => kind)).toEqual(["broker.started"]);
});
