import pg from "pg";
import { textTable } from "./text-table.js";

/**
 * A small client for machines without psql: `query "select 1"`. Like psql it takes where and who from the `PG*` variables
 * that `phi exec` puts into its environment, prints a table, and exits with 1 when the server refuses, 2 when the
 * connection is lost.
 */
async function main(sql: string): Promise<number> {
  const client = new pg.Client();
  let lost: Error | undefined;
  client.on("error", (error) => {
    lost ??= error;
  });
  try {
    await client.connect();
    const { rows, fields, rowCount, command } = await client.query<Record<string, unknown>>(sql);
    if (fields.length === 0) process.stdout.write(`${command} ${rowCount ?? 0}\n`);
    else
      process.stdout.write(
        `${textTable(
          rows,
          fields.map(({ name }) => name),
        ).join("\n")}\n`,
      );
    return 0;
  } catch (error) {
    process.stderr.write(`query: ${lost === undefined ? "ERROR" : "FATAL"}: ${(lost ?? (error as Error)).message}\n`);
    return lost === undefined ? 1 : 2;
  } finally {
    await client.end().catch(() => {});
  }
}

process.exitCode = await main(process.argv.slice(2).join(" "));
