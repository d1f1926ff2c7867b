import type { InStatement } from "@libsql/client";
import { getTableColumns, type SQL, sql } from "drizzle-orm";
import { SQLiteAsyncDialect, type SQLiteTable } from "drizzle-orm/sqlite-core";

const dialect = new SQLiteAsyncDialect();

/** A drizzle expression as the statement the client takes. Values travel as parameters, never as text. */
export function toStatement(query: SQL): InStatement {
  const { sql: text, params } = dialect.sqlToQuery(query);
  return { sql: text, args: params as Exclude<InStatement, string>["args"] & unknown[] };
}

/** `insert into table select values where condition`: the row comes to be only if the condition holds in the same batch. */
export function insertIf<Table extends SQLiteTable>(table: Table, values: Table["$inferInsert"], condition: SQL): SQL {
  const columns = getTableColumns(table);
  const given = Object.entries(values).filter(([key, value]) => value !== undefined && columns[key] !== undefined);
  const names = given.map(([key]) => sql.identifier(columns[key]?.name ?? key));
  const params = given.map(([key, value]) => (value === null ? sql`null` : sql`${sql.param(value, columns[key])}`));
  return sql`insert into ${table} (${sql.join(names, sql`, `)}) select ${sql.join(params, sql`, `)} where ${condition}`;
}

/** `update table set values where condition`, keeping what is `undefined`. */
export function updateIf<Table extends SQLiteTable>(
  table: Table,
  values: Partial<Table["$inferInsert"]>,
  condition: SQL,
): SQL {
  const columns = getTableColumns(table);
  const changes = Object.entries(values)
    .filter(([key, value]) => value !== undefined && columns[key] !== undefined)
    .map(
      ([key, value]) =>
        sql`${sql.identifier(columns[key]?.name ?? key)} = ${value === null ? sql`null` : sql.param(value, columns[key])}`,
    );
  return sql`update ${table} set ${sql.join(changes, sql`, `)} where ${condition}`;
}
