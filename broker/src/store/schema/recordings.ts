import { sql } from "drizzle-orm";
import { blob, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { sessions } from "./sessions.js";

/** There from the first piece on. What the pieces hold is hashed into the audit log: see `shared/src/audit/recording-chain.ts`. */
export const recordings = sqliteTable(
  "recordings",
  {
    sessionId: text("session_id")
      .primaryKey()
      .references(() => sessions.id),
    state: text("state", { enum: ["running", "complete", "cut", "failed", "unfinished", "removed"] }).notNull(),
    chunks: integer("chunks").notNull(),
    bytes: integer("bytes").notNull(),
    /** Hash over all pieces so far, hex. */
    chain: text("chain").notNull(),
    /** So many pieces are covered by events of the audit log, the last of which was written at `logged_at`. */
    logged: integer("logged").notNull(),
    loggedAt: integer("logged_at").notNull(),
    startedAt: integer("started_at").notNull(),
    lastAt: integer("last_at").notNull(),
    removedAt: integer("removed_at"),
  },
  (table) => [
    index("recordings_running").on(table.lastAt).where(sql`${table.state} = 'running'`),
    index("recordings_kept").on(table.startedAt).where(sql`${table.removedAt} is null`),
  ],
);

export const recordingChunks = sqliteTable(
  "recording_chunks",
  {
    sessionId: text("session_id")
      .notNull()
      .references(() => recordings.sessionId),
    n: integer("n").notNull(),
    at: integer("at").notNull(),
    /** SHA-256 of `data`, hex. */
    hash: text("hash").notNull(),
    data: blob("data", { mode: "buffer" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.n] })],
);
