import * as z from "zod";

/**
 * Any name PostgreSQL can hold: 1 to 63 bytes of UTF-8, no NUL. A longer one would be cut by the server without an error
 * and could then mean another role (NAMEDATALEN; PostgreSQL manual §4.1.1).
 */
export const identifier = z
  .string()
  .min(1)
  .refine((name) => Buffer.byteLength(name) <= 63, "must have at most 63 bytes")
  .refine((name) => name.isWellFormed() && !name.includes("\0"), "must be valid text");
