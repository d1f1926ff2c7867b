import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { requests } from "./requests.js";

export const leases = sqliteTable(
  "leases",
  {
    id: text("id").primaryKey(),
    /** Empty, as the session is, for what a sweep found on a target. */
    requestId: text("request_id").references(() => requests.id),
    sessionId: text("session_id"),
    resource: text("resource").notNull(),
    kind: text("kind").notNull(),
    use: text("use", { enum: ["command", "window"] }).notNull(),
    handle: text("handle", { mode: "json" }).notNull(),
    handleText: text("handle_text").notNull(),
    state: text("state", { enum: ["issuing", "active", "revoking", "revoked", "abandoned"] }).notNull(),
    epoch: integer("epoch").notNull(),
    createdAt: integer("created_at").notNull(),
    createBy: integer("create_by").notNull(),
    /** When the target acknowledged the create: from then on no late one can come. */
    createdOnTarget: integer("created_on_target"),
    expiresAt: integer("expires_at").notNull(),
    /** The end that the target was told of, while it is not `expires_at`: the window was extended, and the target must follow. */
    targetExpiresAt: integer("target_expires_at"),
    aliveUntil: integer("alive_until"),
    because: text("because"),
    revokingSince: integer("revoking_since"),
    attempts: integer("attempts").notNull().default(0),
    lastError: text("last_error"),
    overdueSince: integer("overdue_since"),
    revokedAt: integer("revoked_at"),
    dueAt: integer("due_at"),
    idempotencyKey: text("idempotency_key"),
  },
  (table) => [
    index("leases_due").on(table.dueAt).where(sql`${table.dueAt} is not null`),
    index("leases_lagging").on(table.resource).where(sql`${table.targetExpiresAt} is not null`),
    index("leases_by_request").on(table.requestId),
    index("leases_by_handle").on(table.resource, table.handleText),
    index("leases_live").on(table.resource, table.state, table.dueAt).where(sql`${table.dueAt} is not null`),
    index("leases_late").on(table.overdueSince, table.revokingSince).where(sql`${table.state} = 'revoking'`),
    index("leases_abandoned").on(table.resource).where(sql`${table.state} = 'abandoned'`),
    uniqueIndex("leases_by_key")
      .on(table.requestId, table.idempotencyKey)
      .where(sql`${table.idempotencyKey} is not null`),
  ],
);
