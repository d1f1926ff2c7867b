import * as z from "zod";
import { delegationId, instant, line, name, personView, seconds } from "./fields.js";

/** Longest span for which approvals can be handed over, in seconds: 30 days. */
export const LONGEST_DELEGATION = 30 * 86_400;

/** `POST /v1/delegations`: somebody else answers for the caller, for a span. */
export const delegationOrder = z.strictObject({
  /** Name or subject of somebody who has signed in; with `subject` it is that, exactly. */
  to: line(255),
  subject: z.boolean().optional(),
  /** Seconds. */
  duration: seconds.max(LONGEST_DELEGATION),
  /** Absent: on every resource. */
  resource: name.optional(),
  reason: line(500),
});
export type DelegationOrder = z.infer<typeof delegationOrder>;

/** Approvals that were handed over: `to` answers where `from` could. It is over at `until`, or when it is ended. */
export const delegationView = z.object({
  delegation: delegationId,
  from: personView,
  to: personView,
  resource: name.optional(),
  reason: z.string(),
  createdAt: instant,
  until: instant,
});
export type DelegationView = z.infer<typeof delegationView>;

/** `GET /v1/delegations`: those in force that the caller gave or got. */
export const delegationList = z.object({ delegations: z.array(delegationView) });
export type DelegationList = z.infer<typeof delegationList>;
