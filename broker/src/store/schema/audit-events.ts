import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { canonicalRecord, hash } from "./columns.js";

/** The audit log: append-only and gapless (the rowid grows by one with each insert, and nothing is ever deleted). */
export const auditEvents = sqliteTable(
  "audit_events",
  {
    seq: integer("seq").primaryKey(),
    id: text("id").notNull(),
    at: integer("at").notNull(),
    kind: text("kind").notNull(),
    actorIssuer: text("actor_issuer"),
    actorSubject: text("actor_subject"),
    actorName: text("actor_name"),
    resource: text("resource"),
    requestId: text("request_id"),
    leaseId: text("lease_id"),
    sessionId: text("session_id"),
    /** As in the leaf: a free text is there only as `{"sha256": …}`. */
    data: canonicalRecord("data").notNull(),
    /** By field of `data`, what people typed, and the salt of each. Both are emptied when the texts are erased. */
    texts: canonicalRecord("texts"),
    salts: canonicalRecord("salts"),
    /** The leaf's hash; empty until it is made, for events that SQL wrote. */
    leaf: hash("leaf"),
  },
  (table) => [
    uniqueIndex("audit_events_by_id").on(table.id),
    index("audit_events_by_time").on(table.at),
    index("audit_events_by_request").on(table.requestId),
    // Each ends with the rowid, as every index does: one span of the log is one range in it.
    index("audit_events_by_actor_name").on(table.actorName),
    index("audit_events_by_actor_subject").on(table.actorSubject),
    index("audit_events_on_resource").on(table.resource),
    index("audit_events_of_kind").on(table.kind),
  ],
);
