import { type AuditKind, auditKinds, type ExportFormat } from "@phi/shared/contract/audit-event";
import { auditOutcomes } from "@phi/shared/contract/audit-outcome";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CLASSES, faultsOf, SEVERITIES, STATUSES } from "../domain/ocsf-schema.testing.js";
import { createAuditExports } from "./audit-export.js";
import { alice, bob, entry, issuingLease, openTemporaryLedger, pendingRequest } from "./store.testing.js";

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
beforeEach(async () => {
  open = await openTemporaryLedger();
});
afterEach(() => open.close());

async function exported(format: ExportFormat, filter = {}, after = 0): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  const source = { url: "https://phi.example.com", version: "1.2.3" };
  for await (const piece of createAuditExports(open.store, source)({ filter, format, after })) {
    text += decoder.decode(piece.bytes);
  }
  return text;
}
const lines = async (format: ExportFormat, filter = {}) =>
  (await exported(format, filter))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const HOSTILE = 'a "quoted"\\ back\nslash,\u2028 ünïcödé 🎉 </script> \u0001';

/** One event of every kind, with all that an event can have, and then some that have almost nothing. */
async function fill(): Promise<void> {
  const request = pendingRequest({ requester: { ...alice, name: "=1+1" } });
  await open.ledger.commit({
    guard: {
      do: "insert_request",
      request: { ...request, state: "approved", approvedAt: 1, claimUntil: 9e12 } as never,
      idempotencyKey: undefined,
    },
    events: [{ ...entry("request.created", request), actor: { ...alice, name: "=1+1" } }],
  });
  const { lease, session } = issuingLease(request);
  await open.ledger.commit({
    guard: { do: "insert_lease", lease, session, at: 2_000, idempotencyKey: undefined },
    events: [{ ...entry("lease.planned", request), leaseId: lease.id, sessionId: session.id }],
  });
  for (const [index, kind] of (Object.keys(auditKinds) as AuditKind[]).entries()) {
    await open.ledger.record({
      ...entry(kind, request),
      at: 1_763_000_000_000 + index * 86_399_999 + index,
      actor: bob,
      resource: "db-prod",
      leaseId: lease.id,
      sessionId: session.id,
      data: { reason: HOSTILE, command: ["psql", HOSTILE], count: index, exact: true, nested: { a: [1, 2.5, "x"] } },
    });
  }
  await open.ledger.record({ ...entry("broker.stopped"), at: 0 });
}

describe("an export", () => {
  test("as jsonl is exactly what the API gives, event for event", async () => {
    await fill();
    expect(await lines("jsonl")).toEqual(await open.ledger.audit({ limit: 1_000 }));
  });

  test("holds each event once, in order, over many pieces, with and without a filter", async () => {
    const many = Array.from({ length: 400 }, (_, index) => ({
      ...entry("session.started"),
      resource: index % 3 === 0 ? "db-a" : "db-b",
      at: index,
    }));
    const [first, ...rest] = many;
    for (let round = 0; round < 12 && first !== undefined; round++) {
      const anew = [first, ...rest].map((one) => ({ ...one, id: entry("session.started").id }));
      await open.ledger.record(anew[0] ?? first, ...anew.slice(1));
    }
    const seqs = async (filter: object, after = 0) =>
      (await exported("jsonl", filter, after))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(await seqs({})).toEqual(Array.from({ length: 4_800 }, (_, index) => index + 1));
    expect(await seqs({}, 4_700)).toEqual(Array.from({ length: 100 }, (_, index) => 4_701 + index));
    const some = await seqs({ resource: "db-a", since: 300, until: 330 });
    expect(some).toEqual(
      (await open.ledger.audit({ resource: "db-a", since: 300, until: 330, limit: 1_000 })).map((event) => event.seq),
    );
    expect(some).toHaveLength(120);
    expect(await exported("jsonl", { resource: "db-c" })).toBe("");
  });

  test("as csv has every field quoted, and none that a spreadsheet would run", async () => {
    await fill();
    const text = await exported("csv");
    const rows = readCsv(text);
    expect(rows[0]).toEqual(
      "seq,event,at,kind,outcome,actor,actor_subject,actor_issuer,resource,request,lease,session,data".split(","),
    );
    expect(rows[1]?.[5]).toBe("'=1+1");
    expect(rows.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    const events = await open.ledger.audit({ limit: 1_000 });
    expect(rows.slice(1).map((row) => JSON.parse(row[12] ?? ""))).toEqual(events.map((event) => event.data));
    expect(rows.slice(1).map((row) => [row[0], row[2], row[4]])).toEqual(
      events.map((event) => [String(event.seq), event.at, auditOutcomes[event.kind]]),
    );
  });

  test("as cloudevents has what version 1.0 demands around the event", async () => {
    await fill();
    const events = await open.ledger.audit({ limit: 1_000 });
    expect(await lines("cloudevents")).toEqual(
      events.map((event) => ({
        specversion: "1.0",
        id: event.event,
        source: "https://phi.example.com",
        type: `phi.${event.kind}`,
        time: event.at,
        ...(event.request === undefined ? {} : { subject: event.request }),
        sequence: String(event.seq),
        datacontenttype: "application/json",
        data: event,
      })),
    );
  });

  test("as ocsf has what the schema of the class of each kind demands and nothing that it does not know, and the whole event unmapped", async () => {
    await fill();
    const events = await open.ledger.audit({ limit: 1_000 });
    const found = await lines("ocsf");
    expect(found.map((one) => one.unmapped)).toEqual(events);
    for (const one of found) {
      const wanted = CLASSES[Number(one.class_uid)];
      if (wanted === undefined) throw new Error(`the schema has no class ${one.class_uid}`);
      expect(faultsOf(one, wanted, String((one.metadata as { event_code?: string }).event_code))).toEqual([]);
      expect(wanted.activities).toContain(one.activity_id);
      expect(SEVERITIES).toContain(one.severity_id);
      expect(STATUSES).toContain(one.status_id);
      expect(one.category_uid).toBe(Math.floor(Number(one.class_uid) / 1_000));
      expect(one.type_uid).toBe(Number(one.class_uid) * 100 + Number(one.activity_id));
    }
    const issued = found.find((one) => (one.metadata as { event_code?: string }).event_code === "lease.issued");
    expect(issued).toMatchObject({
      class_uid: 3005,
      activity_id: 1,
      user: { uid: "alice", name: "=1+1" },
      actor: { user: { uid: "bob" } },
      privileges: ["readonly"],
      resource: { name: "db-prod" },
    });
  });
});

/** RFC 4180, as strictly as it is written: quoted fields, CRLF. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /"((?:[^"]|"")*)"(,|\r\n)/gy;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    row.push((match[1] ?? "").replaceAll('""', '"'));
    if (match[2] === "\r\n") {
      rows.push(row);
      row = [];
    }
    if (field.lastIndex === text.length) return rows;
  }
  throw new Error("this is no CSV");
}
