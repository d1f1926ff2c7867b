import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** How far each destination has been given the audit log. */
export const deliveries = sqliteTable("deliveries", {
  destination: text("destination").primaryKey(),
  position: integer("position").notNull(),
  epoch: integer("epoch").notNull().default(0),
  holder: text("holder"),
  claimedUntil: integer("claimed_until").notNull().default(0),
  attempts: integer("attempts").notNull().default(0),
  refusals: integer("refusals").notNull().default(0),
  nextAttempt: integer("next_attempt").notNull().default(0),
  failingSince: integer("failing_since"),
  lastError: text("last_error"),
});

/** Events that a destination refused or an operator passed by; the events themselves are in the log. */
export const deadLetters = sqliteTable(
  "dead_letters",
  {
    destination: text("destination").notNull(),
    seq: integer("seq").notNull(),
    at: integer("at").notNull(),
    attempts: integer("attempts").notNull(),
    error: text("error").notNull(),
    again: integer("again", { mode: "boolean" }).notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.destination, table.seq] }),
    index("dead_letters_again").on(table.destination, table.seq).where(sql`${table.again} = 1`),
  ],
);
