import { dirname, resolve } from "node:path";
import { PhiError } from "@phi/shared/errors";
import * as z from "zod";
import { compilePolicy, type Policy } from "../domain/policy/policy.js";
import type { CalendarOrder } from "../ports/calendars.js";
import { calendarsSchema } from "./calendar-schema.js";
import { crossCheck } from "./cross-checks.js";
import { explainIssue } from "./explain-issue.js";
import { parseWithSecrets } from "./parse-with-secrets.js";
import { policyHash } from "./policy-hash.js";
import { policyProblems, policyRule } from "./policy-rules.js";
import { policySchema, type WrittenPolicy } from "./policy-schema.js";
import { configInvalid } from "./problems.js";
import { calendarOrders, unknownCalendars } from "./read-calendars.js";
import { readTextFile } from "./read-file.js";
import { isMapping } from "./read-resources.js";
import { parseYaml } from "./yaml-file.js";

const LARGEST_FILE = 1_048_576;
const policiesSchema = z.array(policySchema).max(10_000).default([]);

/** The part of a configuration that says who may have what. */
export interface PolicyFile {
  readonly policy: Policy;
  /** Role names by resource name. */
  readonly resources: ReadonlyMap<string, readonly string[]>;
  /** Those that are files; what is at an address is not asked where the broker's secrets are not. */
  readonly calendars: readonly CalendarOrder[];
  /** Names of all of them. */
  readonly calendarNames: readonly string[];
}

/**
 * Reads the policies of a configuration and nothing else: references are not followed, so that a policy can be tested and compared
 * where the broker's secrets are not. Rejects with `config_invalid` that lists every mistake in them.
 */
export async function loadPolicy(file: string): Promise<PolicyFile> {
  const { text } = await readTextFile(file, LARGEST_FILE).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : "unknown cause";
    throw new PhiError("config_invalid", `The configuration ${file} cannot be read: ${reason}.`, { cause: error });
  });
  const yaml = parseYaml(text);
  if ("problems" in yaml) throw configInvalid(file, yaml.problems);
  const fields = isMapping(yaml.file.content) ? yaml.file.content : {};
  const resources = roleNames(fields.resources);
  const parsed = policiesSchema.safeParse(fields.policies);
  const problems = [
    ...(parsed.error?.issues ?? []).flatMap((issue) =>
      explainIssue(issue, { schema: policiesSchema, content: fields.policies, prefix: ["policies"] }),
    ),
    ...policiesTogether(fields.policies, resources),
    ...unknownCalendars(fields.policies, fields.calendars),
  ];
  const written = isMapping(fields.calendars) ? fields.calendars : {};
  const files = Object.fromEntries(Object.entries(written).filter(([, one]) => isMapping(one) && "file" in one));
  const calendars = calendarsSchema.safeParse(files);
  problems.push(
    ...(calendars.error?.issues ?? []).flatMap((issue) =>
      explainIssue(issue, { schema: calendarsSchema, content: files, prefix: ["calendars"] }),
    ),
  );
  if (problems.length > 0 || parsed.data === undefined || calendars.data === undefined)
    throw configInvalid(
      file,
      problems.map((problem) => yaml.file.place(problem)),
    );
  const rules = parsed.data.map(policyRule);
  return {
    policy: compilePolicy(rules, policyHash(rules)),
    resources,
    calendars: calendarOrders(calendars.data, dirname(resolve(file))),
    calendarNames: Object.keys(written),
  };
}

/** Role names by resource name, whether or not the rest of a resource is right. */
export function roleNames(resources: unknown): Map<string, readonly string[]> {
  return new Map(
    Object.entries(isMapping(resources) ? resources : {}).map(([name, entry]) => {
      const roles = isMapping(entry) ? entry.roles : undefined;
      return [name, isMapping(roles) ? Object.keys(roles) : []];
    }),
  );
}

/** What no single field of a policy can tell. `policies`: as in the file. */
export function policiesTogether(policies: unknown, resources: ReadonlyMap<string, readonly string[]>) {
  const written = (Array.isArray(policies) ? policies : []).map((policy) => (isMapping(policy) ? policy : {}));
  return [...written.flatMap(policyProblems), ...crossCheck({ resources, policies: written.map(readableFields) })];
}

/** The fields of a policy that are right by themselves, so that a slip in one does not hide what is wrong between others. */
function readableFields(written: Readonly<Record<string, unknown>>): Partial<WrittenPolicy> {
  const right = Object.entries(policySchema.shape).flatMap(([field, schema]) => {
    const { output } = parseWithSecrets<unknown>(schema, written[field]);
    return output === undefined ? [] : [[field, output] as const];
  });
  return Object.fromEntries(right);
}
