import { type SQL, sql } from "drizzle-orm";

/** Parts of lines that the database writes of a row `e` of the audit log. A missing value leaves its name out. */

/** RFC 3339 in UTC, milliseconds. */
export const instantText = sql.raw("strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000.0, 'unixepoch')");

/** The event's data, with what people typed in its place. */
export const dataJson = sql.raw("case when e.texts is null then e.data else json_patch(e.data, e.texts) end");

/** `,"name":value`, or nothing where `test` is null; `value` is JSON, by default the test itself as a string. */
export function optional(name: string, test: string, value = `json_quote(${test})`): SQL {
  return sql.raw(`iif(${test} is null, '', ',"${name}":' || ${value})`);
}

/** A person of three columns that begin with `prefix` in the row `row`, as an object with these names for issuer, subject and name. */
export function personJson(
  row: string,
  prefix: string,
  [issuer, subject, name]: readonly [string, string, string],
): string {
  const column = (what: string) => `${row}.${prefix}_${what}`;
  return `iif(${column("subject")} is null, null, '{"${issuer}":' || json_quote(coalesce(${column("issuer")}, '')) || ',"${subject}":' || json_quote(${column("subject")})
    || ',"${name}":' || json_quote(coalesce(${column("name")}, ${column("subject")})) || '}')`;
}

/** The event as the API gives it (`eventFromRow`). */
export const eventJson = sql`'{"seq":' || e.seq || ',"event":' || json_quote(e.id) || ',"at":"' || ${instantText} || '","kind":' || json_quote(e.kind)
  || ${optional("actor", "e.actor_subject", personJson("e", "actor", ["issuer", "subject", "name"]))}
  || ${optional("resource", "e.resource")}
  || ${optional("request", "e.request_id")}
  || ${optional("lease", "e.lease_id")}
  || ${optional("session", "e.session_id")}
  || ',"data":' || ${dataJson}
  || ${optional("salts", "e.salts", "e.salts")}
  || coalesce(',"leaf":"' || lower(hex(e.leaf)) || '"', '') || '}'`;
