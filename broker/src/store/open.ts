import { chmodSync, closeSync, existsSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import { PhiError } from "@phi/shared/errors";
import { drizzle } from "drizzle-orm/libsql";
import { createChanges } from "./changes.js";
import { type BeforeCommit, commitInFile } from "./commit-in-file.js";
import { openConnection } from "./connection.js";
import { holdDatabase } from "./hold.js";
import { migrate } from "./migrate.js";
import { noPatience } from "./patience.js";
import { sql } from "./sql.js";
import type { Store } from "./store.js";
import { createWriter } from "./writer.js";

/**
 * Opens, or makes, the libSQL file at `path`: 0600 in a 0700 directory, write-ahead log, `synchronous=FULL` (SQLite's default, and
 * checked), migrated, and held so that no second broker can open it.
 *
 * @param options.beforeCommit see {@link BeforeCommit}
 * @throws PhiError `already_running`, `store_unavailable`
 */
export async function openStore(path: string, options: { readonly beforeCommit?: BeforeCommit } = {}): Promise<Store> {
  prepareFile(path);
  const hold = await holdDatabase(path);
  try {
    // The client is for drizzle's migrations and reads. The binding under it is several times faster: one connection of it writes, and one
    // reads what is durable, however long the disk takes for what is being written.
    const client = createClient({ url: pathToFileURL(path).href, timeout: 2_000 });
    await client.execute("PRAGMA journal_mode = WAL");
    const writing = openConnection(path);
    if (Number(writing.rows(sql`PRAGMA synchronous`)[0]?.[0]) < 2) {
      throw new PhiError(
        "store_unavailable",
        "The database does not promise to keep what it acknowledged (synchronous is not FULL).",
      );
    }
    await migrate(client);
    const reading = openConnection(path);
    reading.answer(sql`PRAGMA query_only = ON`);
    const writer = createWriter(commitInFile(writing, options.beforeCommit));
    return {
      read: drizzle(client),
      rows: async (statement) => reading.rows(statement),
      together: async (...statements) => reading.together(statements),
      batch: (statements) => writing.durably((transaction) => statements.map(transaction.answer)),
      writer,
      changes: createChanges(),
      clock: undefined,
      shared: false,
      patiently: noPatience,
      async close() {
        await writer.close();
        await writing.close();
        await reading.close();
        client.close();
        hold.release();
      },
    };
  } catch (error) {
    hold.release();
    if (error instanceof PhiError) throw error;
    throw new PhiError("store_unavailable", `The database ${path} cannot be opened.`, { cause: error });
  }
}

/** libSQL makes files with mode 0644 and reads whatever is there: so the file is made here, and a link is refused. */
function prepareFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (!existsSync(path)) closeSync(openSync(path, "ax", 0o600));
    const found = lstatSync(path);
    if (!found.isFile()) throw new PhiError("store_unavailable", `The database ${path} is not a plain file.`);
    if ((found.mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch (error) {
    if (error instanceof PhiError) throw error;
    throw new PhiError("store_unavailable", `The database ${path} cannot be made.`, {
      hint: "The broker's account must be able to write the folder of `database:`.",
      cause: error,
    });
  }
}
