import { formatDuration } from "@phi/shared/duration";
import type { Instant } from "@phi/shared/time";
import type { Principal, Selector } from "../principal.js";
import type { Ask } from "./obstacle.js";
import type { Policy, Refusal } from "./policy.js";
import { explainRefusal } from "./refusal-words.js";
import type { AllowRule, EmergencyClause } from "./rule.js";

export type EmergencyDecision =
  | { readonly decision: "allowed"; readonly rule: AllowRule; readonly clause: EmergencyClause }
  | { readonly decision: "refused"; readonly because: string; readonly sentence: string; readonly hint: string };

/**
 * Whether somebody may have it at once, without an approval, because it is an emergency: by the first rule that names them, is in its hours
 * and has an emergency clause that is long enough. A deny rule wins here too, a reason must be given, and somebody else must be there to
 * review it.
 */
export function decideEmergency(policy: Policy, principal: Principal, ask: Ask, now: Instant): EmergencyDecision {
  const what = `${ask.role} on ${ask.resource}`;
  const usual = policy.decide(principal, ask, now);
  if (usual.decision === "refused" && usual.because === "denied") {
    return refused(usual, ask);
  }
  const clauses = policy
    .rulesFor(principal, ask.resource, ask.role, now)
    .flatMap(({ rule, isOpen }) => (isOpen && rule.emergency !== undefined ? [{ rule, clause: rule.emergency }] : []));
  if (clauses.length === 0) {
    return {
      decision: "refused",
      because: "no_emergency",
      sentence: `No policy lets you take ${what} in an emergency.`,
      hint: `Ask for it: phi request ${ask.resource} --role ${ask.role} --for ${formatDuration(ask.duration)}`,
    };
  }
  const fitting = clauses.find(({ clause }) => ask.duration <= clause.maxDuration);
  if (fitting === undefined) {
    const longest = formatDuration(Math.max(...clauses.map(({ clause }) => clause.maxDuration)));
    return {
      decision: "refused",
      because: "too_long",
      sentence: `${formatDuration(ask.duration)} is too long for an emergency; the longest for ${what} is ${longest}.`,
      hint: `Ask with --for ${longest}`,
    };
  }
  if (ask.reason === undefined) {
    return {
      decision: "refused",
      because: "reason_missing",
      sentence: "An emergency needs a reason.",
      hint: 'Add --reason "what is on fire"',
    };
  }
  if (!someoneElse(fitting.clause.reviewers, principal)) {
    return {
      decision: "refused",
      because: "nobody_can_review",
      sentence: `Nobody else could review this: the policy "${fitting.rule.name}" names only you.`,
      hint: "Ask whoever keeps the policy to name another reviewer.",
    };
  }
  return { decision: "allowed", ...fitting };
}

function refused(refusal: Refusal, ask: Ask): EmergencyDecision {
  return {
    decision: "refused",
    because: refusal.because,
    sentence: explainRefusal(refusal, ask),
    hint: `phi why ${ask.resource} --role ${ask.role}`,
  };
}

/** A group may hold anybody. */
function someoneElse(reviewers: readonly Selector[], principal: Principal): boolean {
  return reviewers.some((selector) => selector !== `principal:${principal.subject}`);
}
