import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { person } from "./columns.js";

const giver = person("from");
const taker = person("to");

/** Approvals in another one's hands. */
export const delegations = sqliteTable(
  "delegations",
  {
    id: text("id").primaryKey(),
    fromIssuer: giver.issuer,
    fromSubject: giver.subject,
    fromName: giver.name,
    toIssuer: taker.issuer,
    toSubject: taker.subject,
    toName: taker.name,
    /** Empty: on every resource. */
    resource: text("resource"),
    reason: text("reason").notNull(),
    createdAt: integer("created_at").notNull(),
    until: integer("until").notNull(),
    endedAt: integer("ended_at"),
  },
  (table) => [
    index("delegations_to").on(table.toSubject).where(sql`${table.endedAt} is null`),
    index("delegations_from").on(table.fromSubject).where(sql`${table.endedAt} is null`),
    index("delegations_until").on(table.until).where(sql`${table.endedAt} is null`),
  ],
);
