import { formatDuration } from "@phi/shared/duration";
import type { Principal, Selector } from "../principal.js";
import { emergencyInWords, idleInWords, stagesInWords } from "./explain.js";
import type { Policy } from "./policy.js";
import type { PolicyRule } from "./rule.js";
import { spansInWords } from "./time-span.js";

/** One resource and role for one group or person, whose terms differ between two policies. Terms are sentences, sorted. */
export interface Difference {
  readonly who: Selector;
  readonly resource: string;
  readonly role: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/**
 * Who gains or loses what: for everybody whom one of the policies names, alone with that one group or subject. What somebody in two groups
 * at once has is the sum of both, except where a deny rule for one of them takes it. The names of rules do not count.
 */
export function comparePolicies(
  before: Policy,
  after: Policy,
  places: readonly { readonly resource: string; readonly role: string }[],
): Difference[] {
  const selectors = [...new Set([before, after].flatMap(namedIn))].sort();
  return selectors.flatMap((who) =>
    places.flatMap(({ resource, role }) => {
      const [old, now] = [termsOf(before, who, resource, role), termsOf(after, who, resource, role)];
      return old.join("\n") === now.join("\n") ? [] : [{ who, resource, role, before: old, after: now }];
    }),
  );
}

function namedIn(policy: Policy): Selector[] {
  return policy.rules.flatMap((rule) => [...(rule.requesters ?? [])]);
}

function termsOf(policy: Policy, who: Selector, resource: string, role: string): string[] {
  const { weighed } = policy.weigh(alone(who), { resource, role, duration: 1 }, 0);
  const own = weighed.filter((one) => one.verdict !== "names_others").map((one) => one.rule);
  // A deny rule alone gives and takes nothing: there is nothing that it could deny.
  return own.some((rule) => rule.effect === "allow") ? [...new Set(own.map(terms))].sort() : [];
}

function alone(who: Selector): Principal {
  const name = who.slice(who.indexOf(":") + 1);
  const isGroup = who.startsWith("group:");
  return { issuer: "", subject: isGroup ? "" : name, name, groups: isGroup ? [name] : [] };
}

/** What a rule gives or takes, in one sentence; two rules with the same sentence are the same to people. */
function terms(rule: PolicyRule): string {
  const when = rule.during === undefined ? [] : [`only ${spansInWords(rule.during)}`];
  if (rule.effect === "deny") return ["denied", ...when].join(", ");
  return [
    `up to ${formatDuration(rule.maxDuration)}: ${rule.approval === undefined ? "at once" : stagesInWords(rule.approval.stages)}`,
    ...demand("reason", rule.reason, rule.reasonPattern),
    ...demand("ticket", rule.ticket, rule.ticketPattern),
    ...when,
    ...(rule.onCall === undefined ? [] : [`only while on call by "${rule.onCall}"`]),
    ...(rule.starts === "approval" ? ["from the approval on"] : []),
    ...idleInWords(rule),
    ...(rule.emergency === undefined ? [] : [emergencyInWords(rule.emergency)]),
  ].join(", ");
}

function demand(what: string, need: "required" | "optional", pattern: string | undefined): string[] {
  if (pattern !== undefined) return [`${need === "required" ? "with a" : "any"} ${what} like ${pattern}`];
  return need === "required" ? [`with a ${what}`] : [];
}
