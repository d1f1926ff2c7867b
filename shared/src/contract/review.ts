import * as z from "zod";
import { instant, line, personView } from "./fields.js";

/** `POST /v1/requests/:id/review`: what somebody else thinks of an emergency that is over. */
export const reviewOrder = z.strictObject({
  verdict: z.enum(["ok", "flag"]),
  reason: line(500),
});
export type ReviewOrder = z.infer<typeof reviewOrder>;

/** Of a request that its requester granted themselves: who looks at it, until when, and what they found. */
export const emergencyView = z.object({
  reviewers: z.array(z.string()),
  /** Not reviewed at this instant it is overdue. */
  reviewBy: instant,
  review: z.object({ by: personView, verdict: z.enum(["ok", "flag"]), reason: z.string(), at: instant }).optional(),
});
export type EmergencyView = z.infer<typeof emergencyView>;
