import { newId } from "@phi/shared/ids";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AuditReading } from "../ports/audit-log.js";
import { firstSince, spans } from "./audit-spans.js";
import { alice, bob, entry, openTemporaryLedger, pendingRequest } from "./store.testing.js";

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
beforeEach(async () => {
  open = await openTemporaryLedger();
});
afterEach(() => open.close());

const seqs = async (reading: AuditReading) => (await open.ledger.audit(reading)).map((event) => event.seq);

/** `count` events, one each second; every tenth is bob's on `db-two`. */
async function fill(count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, index) => ({
    ...entry("session.started"),
    at: (index + 1) * 1_000,
    actor: (index + 1) % 10 === 0 ? bob : alice,
    resource: (index + 1) % 10 === 0 ? "db-two" : "db-one",
    data: { command: ["psql", "-c", `select ${index + 1}`] },
  }));
  for (let start = 0; start < count; start += 500) {
    const [first, ...rest] = entries.slice(start, start + 500);
    if (first !== undefined) await open.ledger.record(first, ...rest);
  }
}

describe("the log", () => {
  test("is read from either end, and on from where a page ended", async () => {
    await fill(7_000);
    expect(await seqs({ limit: 3 })).toEqual([1, 2, 3]);
    expect(await seqs({ limit: 3, order: "newest" })).toEqual([7_000, 6_999, 6_998]);
    expect(await seqs({ limit: 2, after: 3 })).toEqual([4, 5]);
    expect(await seqs({ limit: 2, order: "newest", before: 6_998 })).toEqual([6_997, 6_996]);
    expect(await seqs({ limit: 10, after: 6_998, before: 7_000 })).toEqual([6_999]);
    // Far from both ends, behind several spans in which nothing fits.
    expect(await seqs({ limit: 1, text: "select 3333" })).toEqual([3_333]);
    expect(await seqs({ limit: 1, order: "newest", text: "SELECT 3333" })).toEqual([3_333]);
    expect(await seqs({ limit: 2, actor: "bob", order: "newest" })).toEqual([7_000, 6_990]);
    expect(await seqs({ limit: 2, resource: "db-two", since: 4_001_000 })).toEqual([4_010, 4_020]);
    expect(await seqs({ limit: 9_999, since: 4_001_000, until: 4_004_000 })).toEqual([4_001, 4_002, 4_003]);
  });

  test("an event whose clock ran ahead is found by its own time", async () => {
    await fill(3);
    await open.ledger.record({ ...entry("clock.stepped"), at: 9_000_000 });
    await open.ledger.record({ ...entry("broker.stopped"), at: 4_000 });
    expect(await seqs({ limit: 10, since: 8_000_000 })).toEqual([4]);
    expect(await seqs({ limit: 10, since: 4_000 })).toEqual([4, 5]);
    expect(await seqs({ limit: 10, until: 4_001 })).toEqual([1, 2, 3, 5]);
    expect(await firstSince(open.store.read, 9_000_001)).toBeUndefined();
  });

  test("more events in one millisecond than are read at once are all found", async () => {
    const { writer, read } = open.store;
    const many = `insert into audit_events (id, at, kind, data) with recursive n(i) as (select 1 union all select i + 1 from n where i < 45000)
      select 'evt_' || i, 5000, 'session.started', '{}' from n`;
    await writer.write([{ sql: many, args: [] }], async () => true);
    await open.ledger.record({ ...entry("broker.stopped"), at: 4_999 }, { ...entry("broker.started"), at: 5_001 });
    expect(await firstSince(read, 5_000)).toBe(1);
    expect(await firstSince(read, 5_001)).toBe(45_002);
  });

  test("a text is looked for in values, literally, and not in the names of fields", async () => {
    const data = { reason: 'INC_42 "100%" größer', command: ["psql"], duration: 5 };
    await open.ledger.record({ ...entry("request.created"), data });
    for (const text of ["inc_42", "100%", '"100%"', "größer", "psql"])
      expect([text, await seqs({ limit: 5, text })]).toEqual([text, [1]]);
    for (const text of ["INC%42", "reason", "INC-42", "%", "_2 !"])
      expect([text, await seqs({ limit: 5, text })]).toEqual([text, text === "%" ? [1] : []]);
  });

  test("who is no auditor sees their own acts and all of their own requests, whatever else they ask for", async () => {
    const request = pendingRequest({ requester: alice });
    await open.ledger.commit({
      guard: { do: "insert_request", request, idempotencyKey: undefined },
      events: [{ ...entry("request.created", request), actor: alice }],
    });
    await open.ledger.record({ ...entry("request.approved", request), actor: bob });
    await open.ledger.record({ ...entry("sign_in.created"), actor: bob });
    await open.ledger.record({ ...entry("lease.planned"), requestId: newId("request") });
    expect(await seqs({ limit: 10, visibleTo: alice })).toEqual([1, 2]);
    expect(await seqs({ limit: 10, visibleTo: bob })).toEqual([2, 3]);
    expect(await seqs({ limit: 10, visibleTo: alice, actor: "bob" })).toEqual([2]);
    expect(await seqs({ limit: 10, visibleTo: { ...alice, issuer: "https://other" } })).toEqual([]);
  });

  test("is cut into spans without gap or overlap, in either direction", async () => {
    for (const order of ["oldest", "newest"] as const) {
      const found = [];
      for await (const span of spans({ from: 11, to: 90_000 }, order)) found.push(span);
      if (order === "newest") found.reverse();
      expect(found[0]?.from).toBe(11);
      expect(found.at(-1)?.to).toBe(90_000);
      for (const [index, span] of found.entries())
        if (index > 0) expect(span.from).toBe((found[index - 1]?.to ?? 0) + 1);
    }
  });
});
