import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** E-mail addresses from the ID tokens of sign-ins, for telling people; kept only where the broker sends e-mail. */
export const addresses = sqliteTable(
  "addresses",
  {
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    email: text("email").notNull(),
    groups: text("groups", { mode: "json" }).$type<string[]>().notNull(),
    seenAt: integer("seen_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.issuer, table.subject] })],
);
