import { primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { requests } from "./requests.js";

/** What was recorded of a request because time had passed, each kind once. */
export const reminders = sqliteTable(
  "reminders",
  {
    requestId: text("request_id")
      .notNull()
      .references(() => requests.id),
    kind: text("kind").notNull(),
    event: text("event").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.requestId, table.kind] }),
    uniqueIndex("reminders_by_event").on(table.event),
  ],
);
