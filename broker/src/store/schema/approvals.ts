import { sql } from "drizzle-orm";
import { integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { person } from "./columns.js";
import { requests } from "./requests.js";

const approver = person("approver");

/** Append-only. The key makes one person count once. */
export const approvals = sqliteTable(
  "approvals",
  {
    requestId: text("request_id")
      .notNull()
      .references(() => requests.id),
    approverIssuer: approver.issuer,
    approverSubject: approver.subject,
    approverName: approver.name,
    onBehalfIssuer: text("on_behalf_issuer"),
    onBehalfSubject: text("on_behalf_subject"),
    onBehalfName: text("on_behalf_name"),
    delegation: text("delegation"),
    verdict: text("verdict", { enum: ["approve", "deny"] }).notNull(),
    /** Hash of the request as the approver was shown it. */
    requestHash: text("request_hash"),
    reason: text("reason"),
    at: integer("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.requestId, table.approverIssuer, table.approverSubject] }),
    // … and the one in whose place it was given once.
    uniqueIndex("approvals_on_behalf")
      .on(table.requestId, table.onBehalfIssuer, table.onBehalfSubject)
      .where(sql`${table.onBehalfSubject} is not null`),
  ],
);
