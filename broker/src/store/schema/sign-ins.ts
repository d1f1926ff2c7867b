import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { person } from "./columns.js";

const principal = person("principal");

export const signIns = sqliteTable(
  "sign_ins",
  {
    id: text("id").primaryKey(),
    /** SHA-256 of the token, hex. The token itself is nowhere. */
    tokenHash: text("token_hash").notNull(),
    principalIssuer: principal.issuer,
    principalSubject: principal.subject,
    principalName: principal.name,
    principalGroups: text("principal_groups", { mode: "json" }).$type<string[]>().notNull(),
    /** Only an address of which the issuer says that it is verified. */
    principalEmail: text("principal_email"),
    host: text("host"),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    endedAt: integer("ended_at"),
  },
  (table) => [
    uniqueIndex("sign_ins_by_token").on(table.tokenHash),
    index("sign_ins_by_subject").on(table.principalSubject),
    index("sign_ins_by_name").on(table.principalName),
  ],
);

/** ID tokens that were exchanged, until they expire by themselves: each is good for one sign-in. */
export const usedIdTokens = sqliteTable("used_id_tokens", {
  hash: text("hash").primaryKey(),
  expiresAt: integer("expires_at").notNull(),
});
