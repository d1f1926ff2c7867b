import { sql } from "drizzle-orm";
import { integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

/** Locks, in force and lifted. At most one is in force on a principal or a resource. */
export const locks = sqliteTable(
  "locks",
  {
    id: text("id").primaryKey(),
    /** Either these three … */
    principalIssuer: text("principal_issuer"),
    principalSubject: text("principal_subject"),
    principalName: text("principal_name"),
    /** … or this. */
    resource: text("resource"),
    reason: text("reason").notNull(),
    setBy: text("set_by").notNull(),
    setAt: integer("set_at").notNull(),
    liftedAt: integer("lifted_at"),
  },
  (table) => [
    uniqueIndex("locks_on_principal")
      .on(table.principalIssuer, table.principalSubject)
      .where(sql`${table.liftedAt} is null and ${table.principalSubject} is not null`),
    uniqueIndex("locks_on_resource")
      .on(table.resource)
      .where(sql`${table.liftedAt} is null and ${table.resource} is not null`),
  ],
);
