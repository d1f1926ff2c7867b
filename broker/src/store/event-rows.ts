import { randomBytes } from "node:crypto";
import { commit, isFreeText } from "@phi/shared/audit/free-text";
import { leafOf } from "@phi/shared/audit/leaf";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { auditEvents } from "./schema.js";

/** Between rows of the audit log and its events. */

type Stored = typeof auditEvents.$inferSelect;
type Sealed = Pick<Stored, "data" | "texts" | "salts" | "leaf">;

/** A row with its leaf, and with each free text apart from what the leaf says of it. */
export function entryToRow(entry: AuditEntry): typeof auditEvents.$inferInsert {
  const row = {
    id: entry.id,
    at: entry.at,
    kind: entry.kind,
    actorIssuer: entry.actor?.issuer ?? null,
    actorSubject: entry.actor?.subject ?? null,
    actorName: entry.actor?.name ?? null,
    resource: entry.resource ?? null,
    requestId: entry.requestId ?? null,
    leaseId: entry.leaseId ?? null,
    sessionId: entry.sessionId ?? null,
  };
  return { ...row, ...seal({ ...row, seq: 0, data: { ...entry.data }, texts: null, salts: null, leaf: null }) };
}

/**
 * What a row with all of its texts in `data` becomes: texts and salts apart, the leaf made. Salts have 128 random bits, so that nobody guesses a short
 * text from its hash.
 */
export function seal(row: Stored): Sealed {
  const data: Record<string, unknown> = {};
  const texts: Record<string, unknown> = {};
  const salts: Record<string, string> = {};
  for (const [field, value] of Object.entries(row.data)) {
    if (value === undefined || value === null || !isFreeText(row.kind, field)) {
      if (value !== undefined) data[field] = value;
      continue;
    }
    const salt = randomBytes(16).toString("base64url");
    data[field] = commit(value, salt);
    texts[field] = value;
    salts[field] = salt;
  }
  const has = Object.keys(texts).length > 0;
  // The data holds commitments now, so the leaf needs no salts.
  const leaf = Buffer.from(leafOf(eventFromRow({ ...row, data, texts: null, salts: null, leaf: null })));
  return { data, texts: has ? texts : null, salts: has ? salts : null, leaf };
}

/** The event as people and programs read it: texts in their places, and what the leaf is made from. */
export function eventFromRow(row: Stored): AuditEvent {
  const event: AuditEvent = {
    seq: row.seq,
    event: row.id,
    at: toRfc3339(row.at),
    kind: row.kind as AuditEvent["kind"],
    data: row.texts === null ? row.data : { ...row.data, ...row.texts },
  };
  if (row.actorSubject !== null) {
    event.actor = { issuer: row.actorIssuer ?? "", subject: row.actorSubject, name: row.actorName ?? row.actorSubject };
  }
  if (row.resource !== null) event.resource = row.resource;
  if (row.requestId !== null) event.request = row.requestId;
  if (row.leaseId !== null) event.lease = row.leaseId;
  if (row.sessionId !== null) event.session = row.sessionId;
  if (row.salts !== null) event.salts = row.salts as Record<string, string>;
  if (row.leaf !== null) event.leaf = row.leaf.toString("hex");
  return event;
}
