import { newId } from "@phi/shared/ids";
import Database from "libsql";
import { expect, test } from "vitest";
import { openTemporaryLedger, pendingRequest } from "./store.testing.js";

test("what people typed about a request is in no table any more when it is erased, and its event says so", async () => {
  const open = await openTemporaryLedger();
  const request = pendingRequest({
    reason: "SECRETWORD one",
    ticket: "SECRETWORD two",
    endComment: "SECRETWORD three",
  });
  const event = (kind: "request.created" | "log.erased", data: Record<string, unknown>) => ({
    id: newId("event"),
    at: 1,
    kind,
    requestId: request.id,
    data,
  });
  await open.ledger.commit({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    events: [event("request.created", { reason: "SECRETWORD one", ticket: "SECRETWORD two" })],
  });
  const typed = JSON.stringify({ by: request.requester, verdict: "ok", reason: "SECRETWORD four", at: 1 });
  const database = new Database(open.path);
  database.prepare("update requests set offer = ?, review = ?").run(typed, typed);
  expect(await open.ledger.countTexts({ request: request.id })).toBe(1);
  await open.ledger.erase({ request: request.id }, event("log.erased", { erased: request.id }));
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[];
  for (const { name } of tables)
    expect(JSON.stringify(database.prepare(`select * from "${name}"`).all()), name).not.toContain("SECRETWORD");
  database.close();
  expect((await open.ledger.audit({ limit: 10 })).map(({ kind }) => kind)).toEqual(["request.created", "log.erased"]);
  expect(await open.ledger.countTexts({ request: request.id })).toBe(0);
  await open.close();
});
