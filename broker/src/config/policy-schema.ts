import { name } from "@phi/shared/contract/fields";
import { LONGEST_DURATION } from "@phi/shared/duration";
import * as z from "zod";
import { compilePattern, LONGEST_PATTERN } from "../domain/policy/text-pattern.js";
import { PatternMistake } from "../domain/policy/text-pattern-syntax.js";
import { approver, duration, selector, text } from "./fields.js";
import { clockSpan, timeZone, weekdays } from "./time-fields.js";

const DAY = 86_400;

/** A text pattern that is known to compile. */
const pattern = z
  .string()
  .min(1)
  .max(LONGEST_PATTERN)
  .superRefine((source, context) => {
    try {
      compilePattern(source);
    } catch (error) {
      if (!(error instanceof PatternMistake)) throw error;
      context.addIssue({ code: "custom", message: `is not a pattern phi knows: it ${error.message}` });
    }
  })
  .meta({ examples: ["INC-\\d+"] });

const span = z.strictObject({
  days: weekdays.describe("Days of the week on which it begins, for example [mon-fri] or [sat, sun]."),
  hours: clockSpan.describe("From when to when; 22:00-06:00 ends on the day after."),
  timeZone: timeZone.describe("Whose clocks are meant, by IANA name."),
});

const people = (limit: number) => z.array(selector).min(1).max(limit);
const approvers = z.array(approver).min(1).max(100);
const count = z.int().min(1).max(20).default(1);

/** One policy as it stands in the file; which fields a deny policy may have is checked where it becomes a rule. */
export const policySchema = z
  .strictObject({
    name: text(100).describe("What people read when this policy decides. Unique."),
    effect: z
      .enum(["allow", "deny"])
      .default("allow")
      .describe("Whether it gives access, or refuses what others give: a deny policy always wins."),
    requesters: people(100).optional().describe("Who may ask. A deny policy without it means everybody."),
    resources: z
      .array(
        z
          .string()
          .regex(/^(?:[a-z0-9-]{1,63}|[a-z0-9-]{0,62}\*)$/, "must be a resource's name, or a beginning followed by *"),
      )
      .min(1)
      .max(1_000)
      .describe("Names of resources; a trailing * stands for every name that begins so."),
    roles: z
      .array(name)
      .min(1)
      .max(100)
      .optional()
      .describe("Names of roles. A deny policy without it means every role."),
    maxDuration: duration(LONGEST_DURATION).optional().describe("Longest window one may ask for."),
    approval: z
      .strictObject({
        from: approvers.optional().describe("Who may say yes; never for one's own request."),
        count: count.describe("How many different people must say yes."),
        stages: z
          .array(
            z.strictObject({
              from: approvers.describe("Who may say yes in this stage."),
              count: count.describe("How many different people must say yes in this stage."),
            }),
          )
          .min(1)
          .max(10)
          .optional()
          .describe("Instead of from and count: one after the other. Nobody counts in two of them."),
      })
      .optional()
      .describe("Who must approve. Left out: allowed at once."),
    reason: z.enum(["required", "optional"]).default("optional").describe("Whether a request must say why."),
    reasonPattern: pattern.optional().describe("What the whole reason must be like, when there is one."),
    ticket: z.enum(["required", "optional"]).default("optional").describe("Whether a request must name a ticket."),
    ticketPattern: pattern.optional().describe("What the whole ticket must be like, when there is one."),
    onCall: name.optional().describe("Name of a calendar: it holds only for who is on call by it."),
    during: z.array(span).min(1).max(20).optional().describe("When it holds; left out: always."),
    message: text(300).optional().describe("Only of a deny policy: why, for those it refuses."),
    pendingFor: duration(LONGEST_DURATION)
      .default(DAY)
      .meta({ writtenDefault: "24h" })
      .describe("How long a request waits for its answer before it lapses."),
    claimWithin: duration(LONGEST_DURATION)
      .default(8 * 3_600)
      .meta({ writtenDefault: "8h" })
      .describe("How long an approved request waits for its first use before it lapses."),
    starts: z
      .enum(["first_use", "approval"])
      .default("first_use")
      .describe("When the window begins: with the first credential, or with the approval."),
    idleTimeout: duration(LONGEST_DURATION)
      .optional()
      .describe(
        "A window in which nothing was done on the target for so long ends by itself. Left out: it lasts to its end.",
      ),
    emergency: z
      .strictObject({
        maxDuration: duration(24 * 3_600).describe("Longest window in an emergency."),
        notify: z.array(selector).max(100).default([]).describe("Who is told at once."),
        reviewers: people(100).describe("Who reviews it afterwards; never who took it."),
        reviewWithin: duration(LONGEST_DURATION)
          .default(DAY)
          .meta({ writtenDefault: "24h" })
          .describe("How long after its end the review may take before it is overdue."),
      })
      .optional()
      .describe("Left out: no access without the approval, however it burns."),
  })
  .describe(
    "A rule. Of those that fit, the one that needs the fewest people decides; a deny policy wins over all; none: refused.",
  );
export type WrittenPolicy = z.infer<typeof policySchema>;
