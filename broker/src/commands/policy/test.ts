import { formatDuration } from "@phi/shared/duration";
import { loadPolicy } from "../../config/load-policy.js";
import { loadPolicyCases, type PolicyCase } from "../../config/policy-cases.js";
import { type Explanation, explain } from "../../domain/policy/explain.js";
import type { Ask } from "../../domain/policy/obstacle.js";
import type { Policy } from "../../domain/policy/policy.js";
import { approvalsNeeded } from "../../domain/policy/rule.js";
import { type OperatorOptions, print } from "../output.js";
import { calendarsAround } from "./calendars.js";

interface Outcome {
  readonly case: number;
  readonly what: string;
  readonly passed: boolean;
  /** What is not as expected, one clause each. */
  readonly otherwise: readonly string[];
  readonly summary: string;
  readonly rules: Explanation["rules"];
}

/** Puts a table of questions to the policies of a configuration; 1 when an answer is not the expected one. Asks no broker. */
export async function testPolicy(file: string, options: OperatorOptions): Promise<number> {
  const [loaded, table] = await Promise.all([loadPolicy(options.config), loadPolicyCases(file)]);
  const now = Date.now();
  const { cases } = table;
  const laidDown = [...table.calendars.keys()];
  const others = { ...loaded, calendars: loaded.calendars.filter(({ name }) => !laidDown.includes(name)) };
  const around = await calendarsAround(others, [now, ...cases.flatMap(({ at }) => at ?? [])]);
  const policy = loaded.policy.on(new Map([...around, ...table.calendars]));
  const outcomes = cases.map((one, index) => judge(policy, one, index + 1, one.at ?? now));
  const failed = outcomes.filter(({ passed }) => !passed);
  print(
    options,
    { policyHash: policy.hash, passed: outcomes.length - failed.length, failed: failed.length, cases: outcomes },
    [
      ...failed.flatMap(inWords),
      `${outcomes.length - failed.length} of ${outcomes.length} as expected, by policy ${policy.hash.slice(0, 12)}.`,
    ],
  );
  return failed.length === 0 ? 0 : 1;
}

function judge(policy: Policy, one: PolicyCase, number: number, at: number): Outcome {
  const { resource, role, reason, ticket } = one;
  const ask: Ask = { resource, role, duration: one.for, reason, ticket };
  const email = one.email === undefined ? {} : { verifiedEmail: one.email.toLowerCase() };
  const who = { issuer: "", subject: one.as, name: one.as, groups: one.groups, ...email };
  const weighing = policy.weigh(who, ask, at);
  const { decision } = weighing;
  const told = explain(weighing, ask);
  const needed = decision.decision === "refused" ? undefined : approvalsNeeded(decision.rule);
  const otherwise = [
    ...(decision.decision === one.expect ? [] : [`${one.expect} was expected, and it is ${decision.decision}`]),
    ...(one.by === undefined || one.by === told.rule
      ? []
      : [
          `"${one.by}" was expected to decide, and ${told.rule === undefined ? "no policy does" : `"${told.rule}" does`}`,
        ]),
    ...(one.approvals === undefined || one.approvals === needed
      ? []
      : [
          `${one.approvals} approvals were expected, and it ${needed === undefined ? "is refused" : `needs ${needed}`}`,
        ]),
  ];
  const what = `${[one.as, ...one.groups.map((group) => `group:${group}`)].join(" ")}: ${role} on ${resource} for ${formatDuration(one.for)}`;
  return { case: number, what, passed: otherwise.length === 0, otherwise, summary: told.summary, rules: told.rules };
}

function inWords(outcome: Outcome): string[] {
  return [
    `✖ case ${outcome.case}: ${outcome.what}`,
    ...outcome.otherwise.map((clause) => `    ${clause}`),
    `    ${outcome.summary}`,
    ...outcome.rules.map((rule) => `      ${rule.rule}: ${rule.verdict.replaceAll("_", " ")}, ${rule.says.join("; ")}`),
  ];
}
