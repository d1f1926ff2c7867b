import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Client } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import { migrate as applyMigrations } from "drizzle-orm/libsql/migrator";

/** The SQL files stand beside this file, in the sources and in what is built from them. */
const folder = fileURLToPath(new URL("./migrations", import.meta.url));

/** Brings the database to this version's tables. Applied migrations are remembered in the database; running twice is nothing. */
export async function migrate(client: Client): Promise<void> {
  readFileSync(`${folder}/meta/_journal.json`); // a build that forgot them should say so, not start empty
  await applyMigrations(drizzle(client), { migrationsFolder: folder });
}
