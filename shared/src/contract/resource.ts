import * as z from "zod";
import { name, seconds } from "./fields.js";

/** One role on one resource that the caller may ask for. */
export const roleOffer = z.object({
  role: name,
  /** Longest duration that any policy gives the caller, in seconds. */
  maxDuration: seconds,
  /** Who answers; empty when the role is given at once. */
  approvers: z.array(z.string()),
  /** How many different people must say yes; 0 when the role is given at once. */
  approvalsNeeded: z.int().nonnegative(),
  reasonRequired: z.boolean(),
});
export type RoleOffer = z.infer<typeof roleOffer>;

/** One resource of `GET /v1/resources`: only what the caller may ask for is listed. */
export const resourceView = z.object({
  resource: name,
  kind: z.string(),
  description: z.string().optional(),
  /** Whether revocation ends access at once or only at the credential's own expiry. */
  revocation: z.enum(["immediate", "on_expiry"]),
  roles: z.array(roleOffer),
});
export type ResourceView = z.infer<typeof resourceView>;

export const resourceList = z.object({ resources: z.array(resourceView) });
export type ResourceList = z.infer<typeof resourceList>;
