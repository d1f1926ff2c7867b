import type { AuditEntry } from "../domain/audit-event.js";
import { entryToValues, type Sealed } from "./event-rows.js";
import { auditEvents } from "./schema/audit-events.js";
import { columnsOf, nameOf, sql } from "./sql.js";
import type { Statement } from "./statement.js";

const names = columnsOf(auditEvents)
  .slice(1)
  .map(({ name }) => name);
const beginning = `insert into ${nameOf(auditEvents)} (${names.join(", ")}) select ${names.map(() => "?").join(", ")} where `;

/** By condition: there are a handful, and a text that is made anew for each event is hashed anew to find its prepared statement. */
const texts = new Map<string, string>();
const MOST_TEXTS = 100;

/** The event comes to be, with its leaf, only if the condition holds in the same batch. */
export function insertEvent(entry: AuditEntry, condition: Statement): Statement {
  let text = texts.get(condition.sql);
  if (text === undefined) {
    text = beginning + condition.sql;
    if (texts.size < MOST_TEXTS) texts.set(condition.sql, text);
  }
  return { sql: text, args: [...entryToValues(entry), ...condition.args] };
}

/** An event that SQL wrote gets its leaf, and its texts their places. */
export function sealEvent({ data, texts: typed, salts, leaf }: Sealed, condition: Statement): Statement {
  return sql`update ${auditEvents} set data = ${data}, texts = ${typed}, salts = ${salts}, leaf = ${leaf} where ${condition}`;
}
