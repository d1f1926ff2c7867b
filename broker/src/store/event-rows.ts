import { randomBytes } from "node:crypto";
import { commit, isFreeText } from "@phi/shared/audit/free-text";
import { leafOf } from "@phi/shared/audit/leaf";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { auditEvents } from "./schema/audit-events.js";

/** Between rows of the audit log and its events. */

type Stored = typeof auditEvents.$inferSelect;
type Sealed = Pick<Stored, "data" | "texts" | "salts" | "leaf">;

/** A row with its leaf, and with each free text apart from what the leaf says of it. */
export function entryToRow(entry: AuditEntry): typeof auditEvents.$inferInsert {
  const { id, at, kind, actor, resource, requestId, leaseId, sessionId } = entry;
  const { data, texts, salts } = takeTextsOut(kind, entry.data ?? {});
  const leaf = leafOf({
    event: id,
    at: toRfc3339(at),
    kind,
    actor: actor && { issuer: actor.issuer, subject: actor.subject, name: actor.name },
    resource,
    request: requestId,
    lease: leaseId,
    session: sessionId,
    data,
  });
  return {
    id,
    at,
    kind,
    actorIssuer: actor?.issuer ?? null,
    actorSubject: actor?.subject ?? null,
    actorName: actor?.name ?? null,
    resource: resource ?? null,
    requestId: requestId ?? null,
    leaseId: leaseId ?? null,
    sessionId: sessionId ?? null,
    data,
    texts,
    salts,
    leaf: asBuffer(leaf),
  };
}

/** What a row with all of its texts in `data` becomes: texts and salts apart, the leaf made. */
export function seal(row: Stored): Sealed {
  const apart = takeTextsOut(row.kind, row.data);
  // The data holds commitments now, so the leaf needs no salts.
  const event = eventFromRow({ ...row, data: apart.data, texts: null, salts: null, leaf: null });
  return { ...apart, leaf: asBuffer(leafOf(event)) };
}

/** Salts have 128 random bits, so that nobody guesses a short text from its hash. */
function takeTextsOut(kind: string, given: Readonly<Record<string, unknown>>): Omit<Sealed, "leaf"> {
  const data: Record<string, unknown> = {};
  let texts: Record<string, unknown> | null = null;
  let salts: Record<string, string> | null = null;
  for (const field in given) {
    const value = given[field];
    if (value === undefined) continue;
    if (value === null || !isFreeText(kind, field)) {
      data[field] = value;
      continue;
    }
    const salt = randomBytes(16).toString("base64url");
    data[field] = commit(value, salt);
    texts ??= {};
    texts[field] = value;
    salts ??= {};
    salts[field] = salt;
  }
  return { data, texts, salts };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
