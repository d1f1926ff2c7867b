import type { Instant } from "@phi/shared/time";
import { type Calendars, NO_CALENDARS, type OnCall, onCallBy } from "../on-call.js";
import { matchesAny, type Principal } from "../principal.js";
import { type Ask, type Obstacle, obstaclesOf, type ReadyRule } from "./obstacle.js";
import { type AllowRule, approvalsNeeded, type DenyRule, type PolicyRule, type Stage } from "./rule.js";
import { indexRules, type RuleIndex } from "./rule-index.js";
import { compilePattern } from "./text-pattern.js";
import { compileSpans } from "./time-span.js";

/** The rules made ready to decide. Made whole, replaced whole, never changed. */
export interface Policy {
  /** SHA-256 (hex) of the canonical rules: the same rules have the same hash, whatever the file's layout. */
  readonly hash: string;
  readonly rules: readonly PolicyRule[];
  /** The same rules with these calendars instead: a policy of its own, made at once. Without any nobody is on call. */
  on(calendars: Calendars): Policy;
  /** Pure; the same question at the same time has the same answer, and rules about other things cost nothing. */
  decide(principal: Principal, ask: Ask, now: Instant): Decision;
  /** Allowing rules that name the principal for the resource and role, in the file's order, and whether each is in its hours, and they on call where it wants that. */
  rulesFor(principal: Principal, resource: string, role: string, now: Instant): { rule: AllowRule; isOpen: boolean }[];
  /** As {@link Policy.decide}, with what each rule about the resource and role had to do with it. */
  weigh(
    principal: Principal,
    ask: Ask,
    now: Instant,
  ): { readonly decision: Decision; readonly weighed: readonly Weighed[] };
  /**
   * Whether what `rule` gave may still be used: no rule denies it, and that rule (or, when the policy has none of its name any more,
   * any other) still names the principal, is in its hours, and they are on call where it wants that. What else was asked was answered then and is not asked again.
   */
  stillHolds(principal: Principal, given: { resource: string; role: string; policy: string }, now: Instant): Standing;
}

export type Standing = { readonly holds: true } | { readonly holds: false; readonly deniedBy?: DenyRule };

export type Decision =
  | { readonly decision: "allowed"; readonly rule: AllowRule }
  | { readonly decision: "needs_approval"; readonly rule: AllowRule; readonly stages: readonly Stage[] }
  | Refusal;

export type Refusal = { readonly decision: "refused" } & (
  | { readonly because: "denied"; readonly rule: DenyRule }
  | { readonly because: "not_eligible" }
  | {
      /** The first of the obstacles. */
      readonly because: Obstacle;
      /** Everything that stands between the ask and the rule that comes nearest. */
      readonly obstacles: readonly Obstacle[];
      readonly rule: AllowRule;
      /** How the principal stands with the rule's calendar. */
      readonly onCall?: OnCall | undefined;
    }
);

/** What one rule had to do with a decision. */
export type Weighed =
  | { readonly rule: PolicyRule; readonly verdict: "names_others" }
  | { readonly rule: DenyRule; readonly verdict: "denies" | "outside_hours" }
  | { readonly rule: AllowRule; readonly verdict: "decides" | "fits"; readonly onCall?: OnCall | undefined }
  | {
      readonly rule: AllowRule;
      readonly verdict: "does_not_fit";
      readonly obstacles: readonly Obstacle[];
      readonly onCall?: OnCall | undefined;
    };

type Ready = ReadyRule | { readonly rule: DenyRule; readonly isOpen: (now: Instant) => boolean };

/** Rules made ready, whatever the calendars say. */
interface Compiled {
  readonly rules: readonly PolicyRule[];
  readonly hash: string;
  readonly index: RuleIndex;
  readonly ready: readonly Ready[];
  readonly allowing: ReadonlySet<string>;
}

/**
 * Makes a policy of rules that were checked. The law: a deny rule wins over everything; of the allowing rules that fit, the one that
 * needs the fewest people decides, and the first in the file among equals; without one, no access.
 *
 * @throws PatternMistake for a pattern that was not checked
 */
export function compilePolicy(rules: readonly PolicyRule[], hash: string): Policy {
  const allowing = new Set(rules.flatMap((rule) => (rule.effect === "allow" ? [rule.name] : [])));
  return bind({ rules, hash, index: indexRules(rules), ready: rules.map(makeReady), allowing }, NO_CALENDARS);
}

function bind(compiled: Compiled, calendars: Calendars): Policy {
  const { rules, hash, index, ready, allowing } = compiled;
  const standing = ({ onCall }: AllowRule, principal: Principal, now: Instant): OnCall | undefined =>
    onCall === undefined ? undefined : onCallBy(calendars, onCall, principal, now);
  const isOpenTo = (one: ReadyRule, principal: Principal, now: Instant): boolean =>
    one.isOpen(now) && (standing(one.rule, principal, now)?.state ?? "on") === "on";
  const at = (places: readonly number[]): Ready[] =>
    places.map((place) => ready[place]).filter((one) => one !== undefined);

  function decide(principal: Principal, ask: Ask, now: Instant): Decision {
    const named = at(index.naming(principal, ask.resource, ask.role));
    const denies = named.filter(isDeny).find((one) => one.isOpen(now));
    if (denies !== undefined) return { decision: "refused", because: "denied", rule: denies.rule };
    let best: AllowRule | undefined;
    let nearest: { rule: AllowRule; obstacles: Obstacle[]; onCall?: OnCall | undefined } | undefined;
    for (const one of named.filter(isAllow)) {
      const onCall = standing(one.rule, principal, now);
      const obstacles = obstaclesOf(one, { principal, ask, now, onCall });
      if (obstacles.length === 0) {
        if (best === undefined || approvalsNeeded(one.rule) < approvalsNeeded(best)) best = one.rule;
      } else if (nearest === undefined || isNearer({ rule: one.rule, obstacles }, nearest)) {
        nearest = { rule: one.rule, obstacles, ...(onCall === undefined ? {} : { onCall }) };
      }
    }
    if (best !== undefined) {
      const stages = best.approval?.stages;
      return stages === undefined
        ? { decision: "allowed", rule: best }
        : { decision: "needs_approval", rule: best, stages };
    }
    const [first] = nearest?.obstacles ?? [];
    if (nearest === undefined || first === undefined) return { decision: "refused", because: "not_eligible" };
    return { decision: "refused", because: first, ...nearest };
  }

  return {
    hash,
    rules,
    on: (others) => bind(compiled, others),
    decide,
    rulesFor: (principal, resource, role, now) =>
      at(index.naming(principal, resource, role))
        .filter(isAllow)
        .map((one) => ({ rule: one.rule, isOpen: isOpenTo(one, principal, now) })),
    weigh(principal, ask, now) {
      const decision = decide(principal, ask, now);
      const weighed = at(index.about(ask.resource, ask.role)).map((one): Weighed => {
        const { rule } = one;
        if (rule.requesters !== undefined && !matchesAny(principal, rule.requesters))
          return { rule, verdict: "names_others" };
        if (isDeny(one)) return { rule: one.rule, verdict: one.isOpen(now) ? "denies" : "outside_hours" };
        const onCall = standing(one.rule, principal, now);
        const about = { rule: one.rule, ...(onCall === undefined ? {} : { onCall }) };
        if (decision.decision !== "refused" && one.rule === decision.rule) return { ...about, verdict: "decides" };
        const obstacles = obstaclesOf(one, { principal, ask, now, onCall });
        return obstacles.length === 0
          ? { ...about, verdict: "fits" }
          : { ...about, verdict: "does_not_fit", obstacles };
      });
      return { decision, weighed };
    },
    stillHolds(principal, { resource, role, policy }, now) {
      const named = at(index.naming(principal, resource, role));
      const denies = named.filter(isDeny).find((one) => one.isOpen(now));
      if (denies !== undefined) return { holds: false, deniedBy: denies.rule };
      const isKept = allowing.has(policy);
      const holds = named
        .filter(isAllow)
        .some((one) => (!isKept || one.rule.name === policy) && isOpenTo(one, principal, now));
      return { holds };
    },
  };
}

function makeReady(rule: PolicyRule): Ready {
  const isOpen = compileSpans(rule.during);
  if (rule.effect === "deny") return { rule, isOpen };
  const pattern = (source: string | undefined) => (source === undefined ? undefined : compilePattern(source));
  return { rule, isOpen, reasonFits: pattern(rule.reasonPattern), ticketFits: pattern(rule.ticketPattern) };
}

function isDeny(one: Ready): one is Extract<Ready, { rule: DenyRule }> {
  return one.rule.effect === "deny";
}

function isAllow(one: Ready): one is ReadyRule {
  return one.rule.effect === "allow";
}

/** Fewer obstacles, then more time. */
function isNearer(
  one: { rule: AllowRule; obstacles: readonly Obstacle[] },
  other: { rule: AllowRule; obstacles: readonly Obstacle[] },
): boolean {
  const fewer = one.obstacles.length - other.obstacles.length;
  return fewer < 0 || (fewer === 0 && one.rule.maxDuration > other.rule.maxDuration);
}
