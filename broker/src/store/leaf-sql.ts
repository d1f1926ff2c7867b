import type { Column } from "drizzle-orm";
import { auditEvents } from "./schema/audit-events.js";
import { nameOf, sql } from "./sql.js";
import type { Statement } from "./statement.js";

const optional = (key: string, column: Column): Statement => ({
  sql: `iif(${nameOf(column)} is null, '', ',"${key}":' || json_quote(${nameOf(column)}))`,
  args: [],
});

/**
 * The text of an event's leaf (`shared/src/audit/leaf.ts`), put together by the database itself: several times as fast as fetching rows and making it
 * from them. `data` stands in its column as canonical JSON. What this gets wrong, a row with other JSON of the same value, is made anew from the row.
 */
const text: Statement = sql`'{' || iif(${auditEvents.actorSubject} is null, '',
      '"actor":{"issuer":' || json_quote(coalesce(${auditEvents.actorIssuer}, '')) || ',"name":' || json_quote(coalesce(${auditEvents.actorName}, ${auditEvents.actorSubject}))
      || ',"subject":' || json_quote(${auditEvents.actorSubject}) || '},')
    || '"at":"' || strftime('%Y-%m-%dT%H:%M:%S', ${auditEvents.at} / 1000, 'unixepoch') || printf('.%03dZ', ${auditEvents.at} % 1000)
    || '","data":' || ${auditEvents.data} || ',"event":' || json_quote(${auditEvents.id}) || ',"kind":' || json_quote(${auditEvents.kind})
    || ${optional("lease", auditEvents.leaseId)} || ${optional("request", auditEvents.requestId)}
    || ${optional("resource", auditEvents.resource)} || ${optional("session", auditEvents.sessionId)} || '}'`;

/** Events of one part: a ms or two of work. On a busy machine what is longer is interrupted, and the timers wait for that too. */
export const PART = 100;

/**
 * The next part after `seq`: the leaves' texts, a line each; their hashes, hex, after each other; how many, the last number, how many have data that is whole
 * JSON (a part of a text cannot be moved between columns then), and how many hold texts.
 */
export const readLeafTexts = (seq: number): Statement => sql`
  select group_concat(line, char(10)), group_concat(hash, ''), count(*), max(seq), sum(valid), sum(typed) from (
    select ${text} as line, coalesce(lower(hex(${auditEvents.leaf})), '-') as hash, ${auditEvents.seq} as seq,
      json_valid(${auditEvents.data}) as valid, ${auditEvents.texts} is not null as typed
    from ${auditEvents} where ${auditEvents.seq} > ${seq} order by ${auditEvents.seq} limit ${PART})`;

/**
 * The texts of a part, up to and with `last`: salt and canonical JSON of each, a line each; what their events say of them, hex, after each other.
 */
export const readTexts = (seq: number, last: number): Statement => sql`
  select group_concat(line, char(10)), group_concat(said, '') from (
    select json_extract(${auditEvents.salts}, '$."' || t.key || '"') || iif(t.type = 'text', json_quote(t.value), t.value) as line,
      json_extract(${auditEvents.data}, '$."' || t.key || '".sha256') as said
    from ${auditEvents}, json_each(${auditEvents.texts}) t
    where ${auditEvents.seq} > ${seq} and ${auditEvents.seq} <= ${last} and ${auditEvents.texts} is not null order by ${auditEvents.seq})`;
