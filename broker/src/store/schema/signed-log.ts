import { blob, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { hash } from "./columns.js";

/** One row: how far the tree over the audit log has been built and signed. Moved by compare-and-set on its size and root. */
export const logHead = sqliteTable("log_head", {
  id: integer("id").primaryKey(),
  /** Name of the log in this epoch: the origin of its checkpoints. */
  origin: text("origin").notNull(),
  /** The key of the newest checkpoint, as people pass it on. */
  key: text("key").notNull(),
  size: integer("size").notNull(),
  root: hash("root").notNull(),
  /** Roots of the complete subtrees, largest first, after each other. */
  subtrees: blob("subtrees", { mode: "buffer" }).notNull(),
});

/** Every checkpoint there was, so that what was changed can be narrowed down to what one group wrote. */
export const logCheckpoints = sqliteTable("log_checkpoints", {
  size: integer("size").primaryKey(),
  at: integer("at").notNull(),
  origin: text("origin").notNull(),
  root: hash("root").notNull(),
  /** The note's signature lines. */
  signatures: text("signatures").notNull(),
});

/** Roots of complete subtrees of 256, 256², … leaves (tier 1, 2, …), so that a proof reads a few hundred hashes of a log of any length. */
export const logNodes = sqliteTable(
  "log_nodes",
  {
    tier: integer("tier").notNull(),
    index: integer("idx").notNull(),
    hash: hash("hash").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tier, table.index] })],
);
