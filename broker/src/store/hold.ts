import { closeSync, openSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createClient, LibsqlError } from "@libsql/client";
import { PhiError } from "@phi/shared/errors";

/**
 * A hold on a database file for as long as this process lives: a write transaction, never committed, in a small file beside it.
 * The lock is the kernel's, so it is gone the moment the process is, however it ended, and no stale lock can stay behind.
 *
 * @throws PhiError `already_running` when another process has it; the message names that process.
 */
export async function holdDatabase(path: string): Promise<{ release(): void }> {
  const lockPath = `${path}.lock`;
  closeSync(openSync(lockPath, "a", 0o600));
  const client = createClient({ url: pathToFileURL(lockPath).href, timeout: 0 });
  try {
    await client.batch(
      [
        "create table if not exists holder (id integer primary key check (id = 1), pid integer not null)",
        {
          sql: "insert into holder values (1, ?) on conflict (id) do update set pid = excluded.pid",
          args: [process.pid],
        },
      ],
      "write",
    );
    const transaction = await client.transaction("write");
    return {
      release() {
        transaction.close();
        client.close();
      },
    };
  } catch (error) {
    const holder = await readHolder(client);
    client.close();
    if (!(error instanceof LibsqlError) || !error.code.startsWith("SQLITE_BUSY")) throw error;
    throw new PhiError("already_running", `Another broker${holder} has the database ${path} open.`, {
      hint: "One broker works on a file: stop the other one, or give this one its own `database:`. Several share a libSQL server: docs/several-brokers.md",
      cause: error,
    });
  }
}

async function readHolder(client: ReturnType<typeof createClient>): Promise<string> {
  try {
    const answer = await client.execute("select pid from holder");
    return answer.rows[0] === undefined ? "" : ` (process ${String(answer.rows[0][0])})`;
  } catch {
    return "";
  }
}
