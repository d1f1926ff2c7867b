import { Column, getTableColumns } from "drizzle-orm";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Statement, Value } from "./statement.js";

/** What may stand between two pieces of SQL: a table or column by its name, a fragment with its values, or a value. */
type Part = SQLiteTable | Column | Statement | Value;

/**
 * A statement, or a piece of one, from a template: `` sql`select ${leases.id} from ${leases} where ${leases.id} = ${id}` ``. The same template with the same kinds
 * of parts gives the same text, which is what the connection's prepared statements are found by.
 */
export function sql(pieces: TemplateStringsArray, ...parts: readonly Part[]): Statement {
  let text = pieces[0] ?? "";
  const args: Value[] = [];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] ?? null;
    if (part === null || typeof part !== "object" || part instanceof Uint8Array) {
      text += "?";
      args.push(part);
    } else if ("sql" in part && "args" in part) {
      text += part.sql;
      args.push(...part.args);
    } else {
      text += nameOf(part as SQLiteTable | Column);
    }
    text += pieces[index + 1] ?? "";
  }
  return { sql: text, args };
}

/** The column holds this instant. Ledgers of older versions have fractions of milliseconds, which reading rounds. */
export function isInstant(column: Column, at: number): Statement {
  return sql`abs(${column} - ${at}) < 1`;
}

/** Any of these, after `in`: one value, so that the text is the same for one and for many. */
export function listed(values: readonly string[]): Statement {
  return sql`(select value from json_each(${JSON.stringify(values)}))`;
}

/** `insert into table select values where condition`: the row comes to be only if the condition holds in the same batch. */
export function insertIf<Table extends SQLiteTable>(
  table: Table,
  values: Table["$inferInsert"],
  condition: Statement,
): Statement {
  const given = givenColumns(table, values);
  const names = given.map(({ name }) => name).join(", ");
  const places = given.map(() => "?").join(", ");
  return {
    sql: `insert into ${nameOf(table)} (${names}) select ${places} where ${condition.sql}`,
    args: [...given.map(({ value }) => value), ...condition.args],
  };
}

/** `update table set values where condition`, keeping what is `undefined`. */
export function updateIf<Table extends SQLiteTable>(
  table: Table,
  values: Partial<Table["$inferInsert"]>,
  condition: Statement,
): Statement {
  const given = givenColumns(table, values);
  return {
    sql: `update ${nameOf(table)} set ${given.map(({ name }) => `${name} = ?`).join(", ")} where ${condition.sql}`,
    args: [...given.map(({ value }) => value), ...condition.args],
  };
}

/** How a table's columns are named in SQL and in the domain, and what their values look like there; drizzle's schema is the one place that says so. */
export interface ColumnPlan {
  readonly key: string;
  /** Quoted, as in SQL. */
  readonly name: string;
  toDatabase(value: unknown): Value;
  fromDatabase(value: Value): unknown;
}

const plans = new WeakMap<SQLiteTable, readonly ColumnPlan[]>();

/** In the order in which the schema names them. */
export function columnsOf(table: SQLiteTable): readonly ColumnPlan[] {
  const known = plans.get(table);
  if (known !== undefined) return known;
  const made = Object.entries(getTableColumns(table)).map(([key, column]) => ({
    key,
    name: quoted(column.name),
    toDatabase: (value: unknown) => (value === null ? null : (column.mapToDriverValue(value) as Value)),
    fromDatabase: (value: Value) => (value === null ? null : column.mapFromDriverValue(value)),
  }));
  plans.set(table, made);
  return made;
}

function givenColumns(table: SQLiteTable, values: Record<string, unknown>): { name: string; value: Value }[] {
  const given: { name: string; value: Value }[] = [];
  for (const { key, name, toDatabase } of columnsOf(table)) {
    const value = values[key];
    if (value !== undefined) given.push({ name, value: toDatabase(value) });
  }
  return given;
}

const names = new WeakMap<object, string>();

/** `"leases"`, or `"leases"."id"`. */
export function nameOf(part: SQLiteTable | Column): string {
  const known = names.get(part);
  if (known !== undefined) return known;
  const made =
    part instanceof Column
      ? `${quoted(getTableConfig(part.table as SQLiteTable).name)}.${quoted(part.name)}`
      : quoted(getTableConfig(part).name);
  names.set(part, made);
  return made;
}

function quoted(name: string): string {
  return `"${name}"`;
}
