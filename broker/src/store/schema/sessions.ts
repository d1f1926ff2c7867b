import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { leases } from "./leases.js";
import { requests } from "./requests.js";

export const sessions = sqliteTable(
  "sessions",
  {
    id: text("id").primaryKey(),
    leaseId: text("lease_id")
      .notNull()
      .references(() => leases.id),
    requestId: text("request_id")
      .notNull()
      .references(() => requests.id),
    command: text("command", { mode: "json" }).$type<string[]>().notNull(),
    host: text("host").notNull(),
    startedAt: integer("started_at").notNull(),
    endedAt: integer("ended_at"),
    exitCode: integer("exit_code"),
    signal: text("signal"),
    endedBecause: text("ended_because"),
    /** What was to be recorded of it; empty for nothing. */
    recording: text("recording", { enum: ["terminal", "required"] }),
  },
  (table) => [
    index("sessions_by_lease").on(table.leaseId),
    index("sessions_by_time").on(table.startedAt, table.id),
    index("sessions_by_request").on(table.requestId),
    index("sessions_to_record")
      .on(table.startedAt)
      .where(sql`${table.endedAt} is null and ${table.recording} = 'required'`),
    index("sessions_open").on(table.leaseId).where(sql`${table.endedAt} is null`),
  ],
);
