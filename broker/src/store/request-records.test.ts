import { afterEach, beforeEach, expect, test } from "vitest";
import type { RecordsFilter } from "../ports/request-records.js";
import { createRequestRecords } from "./request-records.js";
import { alice, bob, entry, openTemporaryLedger, pendingRequest } from "./store.testing.js";

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
beforeEach(async () => {
  open = await openTemporaryLedger();
});
afterEach(() => open.close());

async function ask(over: Parameters<typeof pendingRequest>[0]) {
  const request = pendingRequest(over);
  await open.ledger.commit({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    events: [entry("request.created", request)],
  });
  return request;
}

async function found(filter: Partial<RecordsFilter>) {
  const all = [];
  for await (const page of createRequestRecords(open.store.read)({ since: 0, until: 1e15, ...filter }))
    all.push(...page);
  return all;
}

test("records are those that were open in the span, however long ago they were asked for, each once over many pages", async () => {
  await Promise.all(
    Array.from({ length: 2_500 }, (_, at) => ask({ createdAt: Math.floor(at / 3), resource: `db-${at}` })),
  );
  const old = await ask({ createdAt: 1, resource: "over" });
  await open.ledger.commit({
    guard: { do: "advance_request", id: old.id, from: "pending", to: "denied", dueAt: null, set: { endedAt: 50 } },
    follow: [
      {
        do: "insert_approval",
        approval: {
          requestId: old.id,
          approver: bob,
          verdict: "deny",
          requestHash: undefined,
          reason: undefined,
          at: 50,
        },
        approvalsGiven: 0,
        revision: 0,
      },
    ],
    events: [entry("request.denied", old)],
  });
  const everything = await found({});
  expect(new Set(everything.map((record) => record.resource)).size).toBe(2_501);
  expect(everything).toHaveLength(2_501);
  expect(everything.find((record) => record.resource === "over")).toMatchObject({
    state: "denied",
    endedAt: 50,
    approvers: [],
  });
  expect((await found({ since: 50 })).some((record) => record.resource === "over")).toBe(true);
  const later = await found({ since: 51 });
  expect(later).toHaveLength(2_500);
  expect(await found({ until: 1 })).toHaveLength(3);
  expect((await found({ resource: "db-7" })).map((record) => record.person)).toEqual(["alice"]);
});

test("who is no auditor gets their own only", async () => {
  await ask({ requester: alice });
  await ask({ requester: bob });
  await ask({ requester: { ...alice, issuer: "https://other" } });
  expect((await found({ requester: alice })).map((record) => record.person)).toEqual(["alice"]);
  expect(await found({ person: "alice" })).toHaveLength(2);
});
