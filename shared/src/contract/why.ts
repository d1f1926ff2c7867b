import * as z from "zod";
import { LONGEST_DURATION } from "../duration.js";
import { instant, line, name, seconds } from "./fields.js";

/** `GET /v1/why`: what policy would say to this request now, and why. The fields are those of a request's order. */
export const whyQuery = z.strictObject({
  resource: z.string().min(1).max(64),
  role: z.string().min(1).max(64).optional(),
  /** Length of the window, in seconds. */
  duration: z.coerce.number().pipe(seconds.max(LONGEST_DURATION)).default(1_800),
  reason: line(500).optional(),
  ticket: line(120).optional(),
  /** Subject or name of somebody else; for admins and auditors. Their groups are those of their newest sign-in. */
  as: line(255).optional(),
  /** With `as`: these groups instead, parted by commas. */
  groups: z.string().max(2_000).optional(),
});
export type WhyQuery = z.infer<typeof whyQuery>;

export const decisionWord = z.enum(["allowed", "needs_approval", "refused"]);

/** What one rule had to do with the decision. */
export const whyRule = z.object({
  rule: z.string(),
  effect: z.enum(["allow", "deny"]),
  /**
   * `decides`; `fits`: it would give it too; `does_not_fit`: `says` holds what stands in the way; `denies`; `outside_hours`: a deny rule that
   * is not in force now; `names_others`: it is for other people.
   */
  verdict: z.enum(["decides", "fits", "does_not_fit", "denies", "outside_hours", "names_others"]),
  says: z.array(z.string()),
});
export type WhyRule = z.infer<typeof whyRule>;

export const whyReply = z.object({
  decision: decisionWord,
  /** One sentence. */
  summary: z.string(),
  /** The policy that decided; absent when none fits. */
  policy: z.string().optional(),
  who: z.object({ subject: z.string(), name: z.string(), groups: z.array(z.string()) }),
  resource: name,
  role: name,
  duration: seconds,
  at: instant,
  /** SHA-256 (hex) of the policies in force. */
  policyHash: z.string(),
  /** In the order of the file. Rules for other people are told to admins and auditors only. */
  rules: z.array(whyRule),
  /** How many rules about the resource and role are for other people and are not told. */
  rulesForOthers: z.int().nonnegative(),
  /** What would give an easier answer; easiest first. */
  changes: z.array(z.string()),
});
export type WhyReply = z.infer<typeof whyReply>;
