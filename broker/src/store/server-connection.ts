import type { Client, InStatement, ResultSet } from "@libsql/client";
import type { Answer, Row, Statement, Value } from "./statement.js";

/**
 * What goes after every batch of changes on a server, before the next one begins: the batch is durable, and its callers do not wait. Its own
 * batches are sent once and not numbered, so it must bear that one is recorded although its answer was lost. It never rejects.
 */
export type AfterBatch = (batch: (statements: readonly Statement[]) => Promise<readonly Answer[]>) => Promise<void>;

/** One atomic batch on the server, and what came of each statement. */
export async function batchOnServer(
  client: Client,
  statements: readonly Statement[],
  mode: "read" | "write" = "write",
): Promise<readonly Answer[]> {
  const results = await client.batch(statements.map(toInStatement), mode);
  return results.map(({ rows, rowsAffected }) => ({ rows: rows.map(toRow), changes: rowsAffected }));
}

export async function rowsOnServer(client: Client, statement: Statement): Promise<readonly Row[]> {
  return (await client.execute(toInStatement(statement))).rows.map(toRow);
}

/** As the client takes it. */
export function toInStatement({ sql, args }: Statement): InStatement {
  return { sql, args: [...args] };
}

function toRow(row: ResultSet["rows"][number]): Row {
  return Array.from(row, toValue);
}

function toValue(value: ResultSet["rows"][number][number]): Value {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return typeof value === "bigint" ? Number(value) : (value ?? null);
}
