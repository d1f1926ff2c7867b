import { formatDuration } from "@phi/shared/duration";
import { type OnCall, onCallInWords } from "../on-call.js";
import type { Selector } from "../principal.js";
import { type Ask, type Obstacle, obstacleInWords } from "./obstacle.js";
import type { Decision, Weighed } from "./policy.js";
import { explainRefusal } from "./refusal-words.js";
import { type AllowRule, approvalsNeeded, type DenyRule, type EmergencyClause, type Stage } from "./rule.js";
import { spansInWords } from "./time-span.js";

/** A decision taken apart: what it is, what each rule had to do with it, and what would change it. */
export interface Explanation {
  readonly decision: Decision["decision"];
  /** The rule that decided; absent when none fits. */
  readonly rule: string | undefined;
  /** One sentence. */
  readonly summary: string;
  /** In the order of the file. */
  readonly rules: readonly ExplainedRule[];
  /** What the principal could do, or what would have to be so, for an easier answer; easiest first. */
  readonly changes: readonly string[];
}

export interface ExplainedRule {
  readonly rule: string;
  readonly effect: "allow" | "deny";
  readonly verdict: Weighed["verdict"];
  /** Clauses about the rule. */
  readonly says: readonly string[];
}

/** @param weighing what `Policy.weigh` gave for the ask */
export function explain(
  weighing: { readonly decision: Decision; readonly weighed: readonly Weighed[] },
  ask: Ask,
): Explanation {
  const { decision, weighed } = weighing;
  return {
    decision: decision.decision,
    rule: "rule" in decision ? decision.rule.name : undefined,
    summary: summaryOf(decision, ask),
    rules: weighed.map((one) => ({
      rule: one.rule.name,
      effect: one.rule.effect,
      verdict: one.verdict,
      says: clausesOf(one, ask),
    })),
    changes: changesOf(decision, weighed, ask),
  };
}

/** What is left of an explanation when something stronger than the policy says no: no rule decides, and only that can change it. */
export function explainedAway(explanation: Explanation, because: string, change: string): Explanation {
  const rules = explanation.rules.map((one) =>
    one.verdict === "decides" ? { ...one, verdict: "fits" as const } : one,
  );
  return { decision: "refused", rule: undefined, summary: because, rules, changes: [change] };
}

function summaryOf(decision: Decision, ask: Ask): string {
  const what = `${ask.role} on ${ask.resource} for ${formatDuration(ask.duration)}`;
  switch (decision.decision) {
    case "allowed":
      return `${what} is allowed at once by "${decision.rule.name}".`;
    case "needs_approval":
      return `${what} needs ${stagesInWords(decision.stages)}, by "${decision.rule.name}".`;
    case "refused":
      return explainRefusal(decision, ask);
  }
}

/** `1 yes from group:db-leads`, stages joined by `, then`. */
export function stagesInWords(stages: readonly Stage[]): string {
  return stages.map(({ from, count }) => `${count} yes from ${from.join(" or ")}`).join(", then ");
}

/** `in an emergency at once for up to 30m, reviewed by group:security`. */
export function emergencyInWords({ maxDuration, reviewers }: EmergencyClause): string {
  return `in an emergency at once for up to ${formatDuration(maxDuration)}, reviewed by ${reviewers.join(" or ")}`;
}

function clausesOf(one: Weighed, ask: Ask): string[] {
  switch (one.verdict) {
    case "names_others":
      return [`names ${named(one.rule.requesters)}`];
    case "denies":
      return [one.rule.message ?? "says no"];
    case "outside_hours":
      return [`says no ${spansInWords(one.rule.during ?? []).replace(/^/, "only ")}`];
    case "decides":
    case "fits":
      return [
        outcomeOf(one.rule),
        ...idleInWords(one.rule),
        ...(one.onCall === undefined ? [] : [onCallInWords(one.onCall)]),
      ];
    case "does_not_fit":
      return one.obstacles.map((obstacle) => obstacleInWords(obstacle, one.rule, ask, one.onCall));
  }
}

function outcomeOf(rule: AllowRule): string {
  return rule.approval === undefined ? "allowed at once" : stagesInWords(rule.approval.stages);
}

/** `ends after 15m without use`, where it does. */
export function idleInWords({ idleTimeout }: Pick<AllowRule, "idleTimeout">): string[] {
  return idleTimeout === undefined ? [] : [`ends after ${formatDuration(idleTimeout)} without use`];
}

function named(requesters: readonly Selector[] | undefined): string {
  return (requesters ?? []).join(" or ");
}

/** Rules that would give an easier answer than the decision, and what each of them wants. */
function changesOf(decision: Decision, weighed: readonly Weighed[], ask: Ask): string[] {
  if (decision.decision === "refused" && decision.because === "denied") return [whenDenialEnds(decision.rule)];
  const now = decision.decision === "refused" ? Number.POSITIVE_INFINITY : approvalsNeeded(decision.rule);
  const easier = weighed.flatMap((one) => {
    if (one.rule.effect === "deny" || approvalsNeeded(one.rule) >= now) return [];
    const wanted =
      one.verdict === "names_others"
        ? [`in ${named(one.rule.requesters)}`]
        : one.verdict === "does_not_fit"
          ? one.obstacles.map((obstacle) => remedy(obstacle, one.rule, one.onCall))
          : [];
    return wanted.length === 0
      ? []
      : [
          {
            count: approvalsNeeded(one.rule),
            text: `${wanted.join(", ")}: ${outcomeOf(one.rule)} ("${one.rule.name}")`,
          },
        ];
  });
  return [...easier.sort((a, b) => a.count - b.count).map(({ text }) => text), ...emergencies(weighed, now)];

  function remedy(obstacle: Obstacle, rule: AllowRule, onCall: OnCall | undefined): string {
    switch (obstacle) {
      case "too_long":
        return `--for ${formatDuration(rule.maxDuration)}`;
      case "reason_missing":
      case "reason_not_right":
        return rule.reasonPattern === undefined ? "with --reason" : `with --reason like ${rule.reasonPattern}`;
      case "ticket_missing":
      case "ticket_not_right":
        return rule.ticketPattern === undefined ? "with --ticket" : `with --ticket like ${rule.ticketPattern}`;
      case "outside_hours":
      case "not_on_call":
      case "calendar_unknown":
      case "nobody_can_approve":
        return obstacleInWords(obstacle, rule, ask, onCall);
    }
  }
}

/** What closes a rule for emergencies too. */
const CLOSED: readonly Obstacle[] = ["outside_hours", "not_on_call", "calendar_unknown"];

/** What the rules that name the principal give in an emergency; nothing when it is allowed at once anyway. */
function emergencies(weighed: readonly Weighed[], needed: number): string[] {
  return weighed.flatMap((one) => {
    if (needed === 0 || one.verdict === "names_others" || one.rule.effect === "deny") return [];
    const isClosed = one.verdict === "does_not_fit" && one.obstacles.some((obstacle) => CLOSED.includes(obstacle));
    const { emergency, name } = one.rule;
    return emergency === undefined || isClosed ? [] : [`with --emergency: ${emergencyInWords(emergency)} ("${name}")`];
  });
}

function whenDenialEnds(rule: DenyRule): string {
  return rule.during === undefined
    ? `nothing but a change of the rule "${rule.name}"`
    : `outside of ${spansInWords(rule.during)}`;
}
