import { formatDuration } from "@phi/shared/duration";
import { matchesAny, type Principal, type Selector } from "./principal.js";

/** One rule of the policy file. Rules are tried in the file's order. */
export interface PolicyRule {
  readonly name: string;
  readonly requesters: readonly Selector[];
  /** Exact names, or a beginning followed by `*`. */
  readonly resources: readonly string[];
  readonly roles: readonly string[];
  /** Longest window, in seconds. */
  readonly maxDuration: number;
  /** Absent: allowed without an approver. `count` different people out of `from` must say yes. */
  readonly approval?: { readonly from: readonly Selector[]; readonly count: number } | undefined;
  readonly reason: "required" | "optional";
  /** How long a request may wait for its answer, in seconds. */
  readonly pendingFor: number;
  /** How long an approved request may wait for its first use, in seconds. */
  readonly claimWithin: number;
  /** When the window begins. */
  readonly starts: "first_use" | "approval";
}

/** What is asked. */
export interface Ask {
  readonly resource: string;
  readonly role: string;
  /** Seconds. */
  readonly duration: number;
  readonly reason?: string | undefined;
}

export type Decision =
  | { readonly decision: "allowed"; readonly rule: PolicyRule }
  | {
      readonly decision: "needs_approval";
      readonly rule: PolicyRule;
      readonly from: readonly Selector[];
      readonly count: number;
    }
  | { readonly decision: "refused"; readonly because: "not_eligible" }
  | { readonly decision: "refused"; readonly because: "too_long"; readonly longest: number }
  | { readonly decision: "refused"; readonly because: "reason_missing"; readonly rule: PolicyRule }
  | { readonly decision: "refused"; readonly because: "nobody_can_approve"; readonly rule: PolicyRule };

/**
 * Decides by the first rule that names the principal, the resource and the role and allows the duration.
 * Default deny: no such rule, no access. Pure; same input, same answer.
 */
export function decide(rules: readonly PolicyRule[], principal: Principal, ask: Ask): Decision {
  const eligible = rules.filter((rule) => covers(rule, principal, ask.resource) && rule.roles.includes(ask.role));
  if (eligible.length === 0) return { decision: "refused", because: "not_eligible" };
  const rule = eligible.find((candidate) => ask.duration <= candidate.maxDuration);
  if (rule === undefined) {
    return { decision: "refused", because: "too_long", longest: Math.max(...eligible.map((one) => one.maxDuration)) };
  }
  if (rule.reason === "required" && ask.reason === undefined)
    return { decision: "refused", because: "reason_missing", rule };
  if (rule.approval === undefined) return { decision: "allowed", rule };
  if (!somebodyCouldApprove(rule.approval, principal))
    return { decision: "refused", because: "nobody_can_approve", rule };
  return { decision: "needs_approval", rule, from: rule.approval.from, count: rule.approval.count };
}

/** The rules under which the principal may ask for something on the resource, in order. */
export function rulesFor(rules: readonly PolicyRule[], principal: Principal, resource: string): PolicyRule[] {
  return rules.filter((rule) => covers(rule, principal, resource));
}

/** Why a request is refused, as a sentence for the person who asked. */
export function explainRefusal(decision: Extract<Decision, { decision: "refused" }>, ask: Ask): string {
  switch (decision.because) {
    case "not_eligible":
      return `No policy lets you have ${ask.role} on ${ask.resource}.`;
    case "too_long":
      return `${formatDuration(ask.duration)} is too long for ${ask.role} on ${ask.resource}; the longest is ${formatDuration(decision.longest)}.`;
    case "reason_missing":
      return `The policy "${decision.rule.name}" wants a reason.`;
    case "nobody_can_approve":
      return `Nobody else could approve this: the policy "${decision.rule.name}" names too few people besides you.`;
  }
}

function covers(rule: PolicyRule, principal: Principal, resource: string): boolean {
  return matchesAny(principal, rule.requesters) && rule.resources.some((pattern) => matchesResource(pattern, resource));
}

/** Whether a resource name is meant by a pattern of the policy: equal, or beginning with what stands before a final `*`. */
export function matchesResource(pattern: string, resource: string): boolean {
  return pattern.endsWith("*") ? resource.startsWith(pattern.slice(0, -1)) : pattern === resource;
}

/** Groups could hold anybody, so only a list of named people can be known to be too short. */
function somebodyCouldApprove(approval: NonNullable<PolicyRule["approval"]>, requester: Principal): boolean {
  if (approval.from.some((selector) => selector.startsWith("group:"))) return true;
  const others = new Set(approval.from.filter((selector) => selector !== `principal:${requester.subject}`));
  return others.size >= approval.count;
}
