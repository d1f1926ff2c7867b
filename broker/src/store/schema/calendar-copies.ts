import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The last good copy of each calendar, so that a source that is down while the broker starts keeps nobody out. */
export const calendarCopies = sqliteTable("calendar_copies", {
  name: text("name").primaryKey(),
  /** SHA-256 (hex) of where it came from: the copy of another source is no copy of this one. An address may be a secret and is not kept. */
  source: text("source").notNull(),
  /** iCalendar, RFC 5545. */
  content: text("content").notNull(),
  /** When it was read from its source. */
  readAt: integer("read_at").notNull(),
});
