import * as z from "zod";
import { parseId } from "../ids.js";
import { hasUnsafeText } from "../text.js";

/** The parts that contract files are built from: bounded, printable, and no more permissive than they need to be. */

const SAFE = "must not hold control, direction-changing or invisible characters";

/** One line of text from a person, trimmed, 1 to `limit` characters, refused when it has unsafe characters. */
export const line = (limit: number) =>
  z
    .string()
    .max(limit * 2)
    .transform((text) => text.trim())
    .pipe(
      z
        .string()
        .min(1)
        .max(limit)
        .refine((text) => !hasUnsafeText(text), SAFE),
    );

/** A name given in the configuration: lower case, digits and dashes. */
export const name = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be lower-case letters, digits and dashes, at most 63");

/** An instant on the wire: RFC 3339 in UTC. */
export const instant = z.iso.datetime({ offset: false });

/** Whole seconds. */
export const seconds = z.int().positive();

const idShaped = (kind: Parameters<typeof parseId>[0]) =>
  z
    .string()
    .max(64)
    .refine((text) => parseId(kind, text) === text, `must be an id that starts with the prefix of a ${kind}`);
export const requestId = idShaped("request");
export const leaseId = idShaped("lease");
export const sessionId = idShaped("session");
export const signInId = idShaped("sign_in");
export const eventId = idShaped("event");
export const lockId = idShaped("lock");
export const delegationId = idShaped("delegation");

/** A person as others see them. */
export const personView = z.object({
  issuer: z.string(),
  subject: z.string(),
  name: z.string(),
});
export type PersonView = z.infer<typeof personView>;
