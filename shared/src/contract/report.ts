import * as z from "zod";
import { instant, line } from "./fields.js";

/** What the rows of a report are: one for each access (person, resource and role), person, resource, or group of the requesters. */
export const reportBy = z.enum(["access", "person", "resource", "team"]);
export type ReportBy = z.infer<typeof reportBy>;

/** `GET /v1/report`: auditors and admins have everybody's requests in it, everybody else their own. */
export const reportQuery = z.strictObject({
  /** Requests that were open at or after this instant. */
  since: instant,
  /** Exclusive; absent: now. */
  until: instant.optional(),
  by: reportBy.default("access"),
  resource: z.string().min(1).max(64).optional(),
  /** Name or subject of the requester. */
  person: line(255).optional(),
});
export type ReportQuery = z.infer<typeof reportQuery>;

const count = z.int().nonnegative();
const ms = z.number().nonnegative();

/** What came of some requests. Times are milliseconds; time outside the report's span is not counted. */
export const reportFigures = z.object({
  asked: count,
  /** Approved by people, or allowed by policy at once (`atOnce`, which is part of it). */
  given: count,
  atOnce: count,
  denied: count,
  /** Nobody answered in time. */
  unanswered: count,
  withdrawn: count,
  /** Approved and never used, of those whose time to use them is over. */
  neverUsed: count,
  /** Extensions among what was given: more time in a window that was open; not counted as used or unused. */
  extended: count,
  /** Taken back by an approver or an admin. */
  revoked: count,
  /** Credentials that were at some time not proven dead when they should have been. */
  overdue: count,
  openMs: ms,
  longestMs: ms,
  /** From asking to the answer that decided, where people answered. */
  answerMedianMs: ms.optional(),
  answerP90Ms: ms.optional(),
});
export type ReportFigures = z.infer<typeof reportFigures>;

export const reportRow = reportFigures.extend({
  person: z.string().optional(),
  resource: z.string().optional(),
  role: z.string().optional(),
  team: z.string().optional(),
  /** Who said yes, the most frequent first; at most 10. */
  approvers: z.array(z.string()),
  /** When one of them was used last. */
  lastStartedAt: instant.optional(),
});
export type ReportRow = z.infer<typeof reportRow>;

/** Rows with the most open time first. */
export const report = z.object({
  since: instant,
  until: instant,
  by: reportBy,
  total: reportFigures,
  rows: z.array(reportRow),
  /** There are more rows than are given. */
  cut: z.boolean(),
});
export type Report = z.infer<typeof report>;
