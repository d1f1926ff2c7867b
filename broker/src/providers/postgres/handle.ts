import * as z from "zod";

/** What is on record before a credential exists: the name of the PostgreSQL role, at most 53 of the 63 bytes there are. */
export const handleSchema = z.strictObject({ role: z.string().regex(/^phi_[a-z0-9]{1,32}_[a-z0-9]{16}$/) });
export type PostgresHandle = z.infer<typeof handleSchema>;

/**
 * `phi_<broker>_<lease>`. The tag has no underscore, so that no broker's names begin like another's, and all characters
 * are of those that need no quotes and cannot be folded or cut.
 */
export function planHandle(brokerTag: string, leaseId: string): PostgresHandle {
  return handleSchema.parse({ role: `${rolePrefix(brokerTag)}${leaseId.slice(leaseId.indexOf("_") + 1)}` });
}

/** What every role of this broker begins with. */
export function rolePrefix(brokerTag: string): string {
  if (!/^[a-z0-9]{1,32}$/.test(brokerTag)) throw new Error(`not a broker tag: ${JSON.stringify(brokerTag)}`);
  return `phi_${brokerTag}_`;
}
