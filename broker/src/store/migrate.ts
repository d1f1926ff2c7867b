import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Client } from "@libsql/client";
import { PhiError } from "@phi/shared/errors";
import { drizzle } from "drizzle-orm/libsql";
import { migrate as applyMigrations } from "drizzle-orm/libsql/migrator";

/** The SQL files stand beside this file, in the sources and in what is built from them. */
const folder = fileURLToPath(new URL("./migrations", import.meta.url));
/** Brokers that start at once: all but one of them find it done at their next try. */
const MOST_TRIES = 10;

/** drizzle's own table, as drizzle makes it, and the rule that it lacks: no migration twice. */
const JOURNAL = [
  "create table if not exists __drizzle_migrations (id serial primary key, hash text not null, created_at numeric)",
  "create unique index if not exists __drizzle_migrations_once on __drizzle_migrations (created_at)",
];

/**
 * Brings the database to this version's tables. Applied migrations are remembered in the database; running twice is nothing. They are one
 * transaction together with what remembers them, so of several brokers at once one applies them, and the others' fail whole.
 */
export async function migrate(client: Client): Promise<void> {
  readFileSync(`${folder}/meta/_journal.json`); // a build that forgot them should say so, not start empty
  await patiently(() => client.batch(JOURNAL, "write"));
  await patiently(() => applyMigrations(drizzle(client), { migrationsFolder: folder }));
}

async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let left = MOST_TRIES; ; left--) {
    try {
      await work();
      return;
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      // A server that says no says it again; one that says nothing is waited for by who starts the broker.
      const isFinal = [error, cause].some((one) => one instanceof PhiError && one.data?.answered !== undefined);
      if (isFinal || left === 1) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 150));
  }
}
