import { commit } from "@phi/shared/audit/free-text";
import { leafOf } from "@phi/shared/audit/leaf";
import { auditEvent } from "@phi/shared/contract/audit-event";
import { newId } from "@phi/shared/ids";
import { expect, test } from "vitest";
import type { AuditEntry } from "../domain/audit-event.js";
import { entryToValues, eventFromRow } from "./event-rows.js";
import { auditEvents } from "./schema/audit-events.js";
import { rowTo } from "./select.js";

const entry: AuditEntry = {
  id: newId("event"),
  at: 1_732_000_000_120,
  kind: "session.started",
  actor: { issuer: "https://login", subject: "alice", name: "Alice" },
  data: { use: "command", command: ["psql", "-c", "select 1"], host: undefined },
};
const stored = () => rowTo(auditEvents, [1, ...entryToValues(entry)]);

test("what people typed is apart from what the leaf holds, and the event gives both back", () => {
  const row = stored();
  expect(row.data).toEqual({ use: "command", command: commit(["psql", "-c", "select 1"], String(row.salts?.command)) });
  expect(row.texts).toEqual({ command: ["psql", "-c", "select 1"] });
  const event = auditEvent.parse(eventFromRow(row));
  expect(event.data).toEqual({ use: "command", command: ["psql", "-c", "select 1"] });
  expect(Buffer.from(leafOf(event)).toString("hex")).toBe(event.leaf);
});

test("an event whose texts are erased still makes its leaf", () => {
  const event = auditEvent.parse(eventFromRow({ ...stored(), texts: null, salts: null }));
  expect(event.data.command).toEqual({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(Buffer.from(leafOf(event)).toString("hex")).toBe(event.leaf);
});

test("two events with the same text cannot be told to have it", () => {
  expect(stored().data).not.toEqual(stored().data);
});
