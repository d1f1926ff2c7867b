import { chmodSync, closeSync, existsSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { createClient } from "@libsql/client";
import { PhiError } from "@phi/shared/errors";
import { drizzle } from "drizzle-orm/libsql";
import { createChanges } from "./changes.js";
import { holdDatabase } from "./hold.js";
import { migrate } from "./migrate.js";
import type { Store } from "./store.js";
import { commitInFile, createWriter } from "./writer.js";

/**
 * Opens, or makes, the libSQL file at `path`: 0600 in a 0700 directory, write-ahead log, `synchronous=FULL` (SQLite's default, and
 * checked), migrated, and held so that no second broker can open it.
 *
 * @throws PhiError `already_running`, `store_unavailable`
 */
export async function openStore(path: string): Promise<Store> {
  prepareFile(path);
  const hold = await holdDatabase(path);
  try {
    const client = createClient({ url: `file:${path}`, timeout: 2_000 });
    await client.execute("PRAGMA journal_mode = WAL");
    const synchronous = await client.execute("PRAGMA synchronous");
    if (Number(synchronous.rows[0]?.[0]) < 2) {
      throw new PhiError(
        "store_unavailable",
        "The database does not promise to keep what it acknowledged (synchronous is not FULL).",
      );
    }
    await migrate(client);
    const writer = createWriter(commitInFile(client));
    return {
      read: drizzle(client),
      writer,
      changes: createChanges(),
      clock: undefined,
      shared: false,
      async close() {
        await writer.close();
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
