import { canonicalJson } from "@phi/shared/audit/canonical-json";
import { commitJson, isFreeText } from "@phi/shared/audit/free-text";
import { leafEntryWith } from "@phi/shared/audit/leaf";
import { leafHash } from "@phi/shared/audit/merkle-hash";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import { newSalt } from "./salt.js";
import type { auditEvents } from "./schema/audit-events.js";
import type { Value } from "./statement.js";

/** Between rows of the audit log and its events. */

type Stored = typeof auditEvents.$inferSelect;

/** What is made of an event's data: canonical JSON of it with each text committed to, the texts and their salts apart, and the leaf. */
export interface Sealed {
  readonly data: string;
  readonly texts: string | null;
  readonly salts: string | null;
  readonly leaf: Buffer;
}

/** The columns of an event's row, as the schema orders them, without its number. */
export function entryToValues(entry: AuditEntry): Value[] {
  const { id, at, kind, actor, resource, requestId, leaseId, sessionId } = entry;
  const apart = takeTextsOut(kind, entry.data ?? {});
  const leaf = leafHash(
    leafEntryWith(apart.data, {
      event: id,
      at: toRfc3339(at),
      kind,
      actor,
      resource,
      request: requestId,
      lease: leaseId,
      session: sessionId,
    }),
  );
  return [
    id,
    at,
    kind,
    actor?.issuer ?? null,
    actor?.subject ?? null,
    actor?.name ?? null,
    resource ?? null,
    requestId ?? null,
    leaseId ?? null,
    sessionId ?? null,
    apart.data,
    apart.texts,
    apart.salts,
    asBuffer(leaf),
  ];
}

/** What a row with all of its texts in `data` becomes: texts and salts apart, the leaf made. */
export function seal(row: Stored): Sealed {
  const apart = takeTextsOut(row.kind, row.data);
  // The leaf needs no salts: the data holds commitments now.
  const event = eventFromRow({ ...row, texts: null, salts: null, leaf: null });
  return { ...apart, leaf: asBuffer(leafHash(leafEntryWith(apart.data, event))) };
}

/** Each value is written as JSON once: for its column, for the hash of a text and for the leaf. */
function takeTextsOut(kind: string, given: Readonly<Record<string, unknown>>): Omit<Sealed, "leaf"> {
  let [data, texts, salts] = ["", "", ""];
  for (const field of Object.keys(given).sort()) {
    const value = given[field];
    if (value === undefined) continue;
    const [name, json] = [canonicalJson(field), canonicalJson(value)];
    if (value === null || !isFreeText(kind, field)) {
      data += `,${name}:${json}`;
      continue;
    }
    const salt = newSalt();
    data += `,${name}:{"sha256":"${commitJson(json, salt)}"}`;
    texts += `,${name}:${json}`;
    salts += `,${name}:"${salt}"`;
  }
  return {
    data: asObject(data),
    texts: texts === "" ? null : asObject(texts),
    salts: salts === "" ? null : asObject(salts),
  };
}

function asObject(fields: string): string {
  return `{${fields.slice(1)}}`;
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
