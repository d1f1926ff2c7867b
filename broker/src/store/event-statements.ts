import type { AuditEntry } from "../domain/audit-event.js";
import { entryToValues, type Sealed } from "./event-rows.js";
import { auditEvents } from "./schema/audit-events.js";
import { columnsOf, nameOf, sql } from "./sql.js";
import type { Statement } from "./statement.js";

const names = columnsOf(auditEvents)
  .slice(1)
  .map(({ name }) => name);
const table = `insert into ${nameOf(auditEvents)} (${names.join(", ")})`;
const places = names.map(() => "?").join(", ");
/** Right after the guard of a change: it changed its row. */
const GUARD_MOVED = "changes() = 1";

/** An event that is certain once the guard before it moved; `args` are its row. */
export interface EventOfGuard extends Statement {
  readonly isEventOfGuard: true;
}

export function isEventOfGuard(statement: Statement): statement is EventOfGuard {
  return "isEventOfGuard" in statement;
}

/** By condition: there are a handful, and a text that is made anew for each event is hashed anew to find its prepared statement. */
const texts = new Map<string, string>();
const MOST_TEXTS = 100;

/** The event comes to be, with its leaf, only if the condition holds in the same batch. */
export function insertEvent(entry: AuditEntry, condition: Statement): Statement | EventOfGuard {
  let text = texts.get(condition.sql);
  if (text === undefined) {
    text = `${table} select ${places} where ${condition.sql}`;
    if (texts.size < MOST_TEXTS) texts.set(condition.sql, text);
  }
  const row = entryToValues(entry);
  if (condition.sql === GUARD_MOVED) return { sql: text, args: row, isEventOfGuard: true };
  return { sql: text, args: [...row, ...condition.args] };
}

/** Rows of one statement, most first: a statement for each event costs half as much again. Few lengths, so that their texts stay prepared. */
const LENGTHS = [16, 4, 1];
const manyTexts = new Map(
  LENGTHS.map((length) => [length, `${table} values ${Array(length).fill(`(${places})`).join(", ")}`]),
);

/** Events that are certain, in few statements, in order. */
export function insertEvents(events: readonly EventOfGuard[]): Statement[] {
  const statements: Statement[] = [];
  for (let from = 0; from < events.length; ) {
    const length = LENGTHS.find((one) => one <= events.length - from) ?? 1;
    const rows = events.slice(from, from + length);
    statements.push({ sql: manyTexts.get(length) ?? "", args: rows.flatMap(({ args }) => args) });
    from += length;
  }
  return statements;
}

/** An event that SQL wrote gets its leaf, and its texts their places. */
export function sealEvent({ data, texts: typed, salts, leaf }: Sealed, condition: Statement): Statement {
  return sql`update ${auditEvents} set data = ${data}, texts = ${typed}, salts = ${salts}, leaf = ${leaf} where ${condition}`;
}
