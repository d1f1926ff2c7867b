import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row, made at the first start: who this ledger is. */
export const ledgers = sqliteTable("ledgers", {
  id: integer("id").primaryKey(),
  /** Six characters that mark this broker's credentials on every target. */
  brokerTag: text("broker_tag").notNull(),
  createdAt: integer("created_at").notNull(),
});
