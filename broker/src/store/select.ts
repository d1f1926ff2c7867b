import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { columnsOf, nameOf } from "./sql.js";
import type { Row, Statement } from "./statement.js";

/** Whole rows of one table: `rest` is what follows `from table`, e.g. `where … order by … limit …`. */
export function select(table: SQLiteTable, rest: Statement): Statement {
  return { sql: `${beginning(table)} ${rest.sql}`, args: rest.args };
}

/**
 * Many whole rows of one table as one text, for {@link rowsFromJson}: to hand a row over value by value takes longer than to find it. Not for
 * tables with blobs, which JSON has no place for.
 */
export function selectJson(table: SQLiteTable, rest: Statement): Statement {
  return {
    sql: `select json_group_array(json_array(${bareColumns(table)})) from (${beginning(table)} ${rest.sql})`,
    args: rest.args,
  };
}

/** What {@link selectJson} found, in its order. */
export function rowsFromJson<Table extends SQLiteTable>(table: Table, rows: readonly Row[]): Table["$inferSelect"][] {
  const text = rows[0]?.[0];
  return (typeof text === "string" ? (JSON.parse(text) as Row[]) : []).map((row) => rowTo(table, row));
}

/** The columns of several rows, as {@link select} asked for them, beginning at `from`. */
export function rowTo<Table extends SQLiteTable>(table: Table, row: Row, from = 0): Table["$inferSelect"] {
  const values: Record<string, unknown> = {};
  let index = from;
  for (const { key, fromDatabase } of columnsOf(table)) values[key] = fromDatabase(row[index++] ?? null);
  return values as Table["$inferSelect"];
}

/** The columns of a table, for a statement of one's own. */
export function everyColumn(table: SQLiteTable): Statement {
  const known = lists.get(table);
  if (known !== undefined) return known;
  const made = {
    sql: columnsOf(table)
      .map(({ name }) => `${nameOf(table)}.${name}`)
      .join(", "),
    args: [],
  };
  lists.set(table, made);
  return made;
}

const lists = new WeakMap<SQLiteTable, Statement>();

function bareColumns(table: SQLiteTable): string {
  return columnsOf(table)
    .map(({ name }) => name)
    .join(", ");
}

function beginning(table: SQLiteTable): string {
  return `select ${everyColumn(table).sql} from ${nameOf(table)}`;
}
