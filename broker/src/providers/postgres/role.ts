import * as z from "zod";
import { identifier } from "./identifier.js";

/** A role of the configuration: the group roles whose rights a credential gets, by membership and in no other way. */
export const roleSchema = z.strictObject({
  /** Existing roles that cannot log in and hold the rights. 1 to 16. */
  memberOf: z
    .array(identifier)
    .min(1)
    .max(16)
    .refine((names) => new Set(names).size === names.length, "must not name a role twice"),
  /** Connections that one credential may have open at a time. */
  connectionLimit: z.int().min(1).max(1_000).default(5),
  /**
   * Whether it may also `SET ROLE` to the groups. What it creates that way belongs to the group and stays after the end,
   * functions included: for leases that change a schema. Before PostgreSQL 16 this cannot be forbidden.
   */
  setRole: z.boolean().default(false),
});
export type PostgresRole = z.infer<typeof roleSchema>;
