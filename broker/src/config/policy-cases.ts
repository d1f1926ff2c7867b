import { LONGEST_DURATION } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { z } from "zod";
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

const casesFile = z.strictObject({ cases: z.array(policyCase).min(1).max(10_000) });

/**
 * Reads a table of expected decisions: YAML, `cases:` and a list.
 *
 * @throws PhiError `config_invalid` with every mistake and its line
 */
export async function loadPolicyCases(file: string): Promise<readonly PolicyCase[]> {
  const { text: written } = await readTextFile(file, LARGEST_FILE).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : "unknown cause";
    throw new PhiError("config_invalid", `The table ${file} cannot be read: ${reason}.`, { cause: error });
  });
  const yaml = parseYaml(written);
  if ("problems" in yaml) throw configInvalid(file, yaml.problems);
  const { content, place } = yaml.file;
  const parsed = casesFile.safeParse(content);
  if (parsed.success) return parsed.data.cases;
  const problems = parsed.error.issues.flatMap((issue) =>
    explainIssue(issue, { schema: casesFile, content, prefix: [] }),
  );
  throw configInvalid(file, problems.map(place));
}
