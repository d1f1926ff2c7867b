import { canonicalJson } from "@phi/shared/audit/canonical-json";
import { blob, customType, text } from "drizzle-orm/sqlite-core";

/**
 * The tables of the ledger, one file per noun. Instants are integer milliseconds; `due_at` is the one instant at which the broker must act on
 * a row by itself, empty once nothing is left to do. No column ever holds an issued secret.
 */

/** Who somebody is, in three columns. */
export const person = (prefix: string) => ({
  issuer: text(`${prefix}_issuer`).notNull(),
  subject: text(`${prefix}_subject`).notNull(),
  name: text(`${prefix}_name`).notNull(),
});

/** A record as canonical JSON (RFC 8785), so that SQL can put the text of a leaf together. */
export const canonicalRecord = customType<{ data: Record<string, unknown>; driverData: string }>({
  dataType: () => "text",
  toDriver: (value) => canonicalJson(value),
  fromDriver: (text) => JSON.parse(text) as Record<string, unknown>,
});

/** 32 bytes. */
export const hash = (name: string) => blob(name, { mode: "buffer" });
