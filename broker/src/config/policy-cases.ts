import { LONGEST_DURATION } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import * as z from "zod";
import type { Calendar, Calendars, OnCallWord, Turn } from "../domain/on-call.js";
import { explainIssue } from "./explain-issue.js";
import { duration, text } from "./fields.js";
import { configInvalid } from "./problems.js";
import { readTextFile } from "./read-file.js";
import { parseYaml } from "./yaml-file.js";

const LARGEST_FILE = 1_048_576;

const instant = z.iso
  .datetime({ offset: true, error: "must be an instant such as 2026-11-23T14:00:00Z or 2026-11-23T15:00:00+01:00" })
  .transform((written) => Date.parse(written));

/** One line of the table of expected decisions. */
const policyCase = z.strictObject({
  as: text(255).default("somebody").describe("The subject who asks."),
  email: text(320).optional().describe("Their verified address, for calendars."),
  groups: z.array(text(255)).max(200).default([]),
  resource: text(63),
  role: text(63),
  for: duration(LONGEST_DURATION).default(1_800),
  reason: text(500).optional(),
  ticket: text(120).optional(),
  at: instant.optional().describe("When it is asked; left out: now."),
  expect: z.enum(["allowed", "needs_approval", "refused"]),
  by: text(100).optional().describe("Name of the policy that must have decided."),
  approvals: z.int().min(0).max(200).optional().describe("How many people must say yes."),
});
export type PolicyCase = z.infer<typeof policyCase>;

/** One turn of a calendar: who is on call, by subject or address. */
const turn = z.strictObject({ from: instant, until: instant, who: z.array(text(320)).min(1).max(100) });

const casesFile = z.strictObject({
  calendars: z.record(text(63), z.array(turn).max(10_000)).default({}).describe("Instead of what the calendars say."),
  cases: z.array(policyCase).min(1).max(10_000),
});

export interface PolicyTable {
  readonly cases: readonly PolicyCase[];
  /** Those that the table itself lays down. */
  readonly calendars: Calendars;
}

/**
 * Reads a table of expected decisions: YAML, `cases:` and a list.
 *
 * @throws PhiError `config_invalid` with every mistake and its line
 */
export async function loadPolicyCases(file: string): Promise<PolicyTable> {
  const { text: written } = await readTextFile(file, LARGEST_FILE).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : "unknown cause";
    throw new PhiError("config_invalid", `The table ${file} cannot be read: ${reason}.`, { cause: error });
  });
  const yaml = parseYaml(written);
  if ("problems" in yaml) throw configInvalid(file, yaml.problems);
  const { content, place } = yaml.file;
  const parsed = casesFile.safeParse(content);
  if (parsed.success) return { cases: parsed.data.cases, calendars: laidDown(parsed.data.calendars) };
  const problems = parsed.error.issues.flatMap((issue) =>
    explainIssue(issue, { schema: casesFile, content, prefix: [] }),
  );
  throw configInvalid(file, problems.map(place));
}

function laidDown(written: z.infer<typeof casesFile>["calendars"]): Calendars {
  return new Map(
    Object.entries(written).map(([name, turns]): [string, Calendar] => {
      const made = turns.map(({ from, until, who }): Turn => ({ from, until, who: who.map(word) }));
      made.sort((a, b) => a.from - b.from);
      return [name, { state: "known", turns: made, from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }];
    }),
  );
}

function word(written: string): OnCallWord {
  return written.includes("@") ? `mailto:${written.toLowerCase()}` : `principal:${written}`;
}
