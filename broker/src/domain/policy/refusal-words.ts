import { formatDuration } from "@phi/shared/duration";
import { type Ask, type Obstacle, obstacleInWords } from "./obstacle.js";
import type { Refusal } from "./policy.js";
import type { AllowRule } from "./rule.js";

/** Why a request is refused, as sentences for the person who asked: all that is missing at once. */
export function explainRefusal(refusal: Refusal, ask: Ask): string {
  const what = `${ask.role} on ${ask.resource}`;
  switch (refusal.because) {
    case "not_eligible":
      return `No policy lets you have ${what}.`;
    case "denied":
      return `The policy "${refusal.rule.name}" denies ${what}${refusal.rule.message === undefined ? "." : `: ${refusal.rule.message}`}`;
    default:
      return refusal.obstacles.map((obstacle) => sentence(obstacle, refusal, ask)).join(" ");
  }
}

type Unfit = Extract<Refusal, { obstacles: unknown }>;

function sentence(obstacle: Obstacle, { rule, onCall }: Unfit, ask: Ask): string {
  const words = obstacleInWords(obstacle, rule, ask, onCall);
  switch (obstacle) {
    case "too_long":
      return `${formatDuration(ask.duration)} is too long for ${ask.role} on ${ask.resource}; the longest is ${formatDuration(rule.maxDuration)}.`;
    case "outside_hours":
    case "not_on_call":
      return `The policy "${rule.name}" holds ${words}.`;
    case "calendar_unknown":
      return `By the policy "${rule.name}" ${words}.`;
    case "nobody_can_approve":
      return `Nobody else could approve this: the policy "${rule.name}" names too few people besides you.`;
    case "reason_missing":
    case "reason_not_right":
    case "ticket_missing":
    case "ticket_not_right":
      return `The policy "${rule.name}" ${words}.`;
  }
}

/** What to type next after a refusal. */
export function nextStep(refusal: Refusal, ask: Ask): string {
  switch (refusal.because) {
    case "not_eligible":
      return "phi resources lists what you may ask for.";
    case "denied":
      return `phi why ${ask.resource} --role ${ask.role}`;
    default: {
      if (refusal.obstacles.includes("nobody_can_approve"))
        return "Ask whoever keeps the policy to name another approver.";
      const flags = refusal.obstacles.flatMap((obstacle) => flagFor(obstacle, refusal.rule, ask) ?? []);
      return flags.length === 0
        ? `phi why ${ask.resource} --role ${ask.role} --for ${formatDuration(ask.duration)}`
        : `Ask with ${flags.join(" ")}`;
    }
  }
}

function flagFor(obstacle: Obstacle, rule: AllowRule, ask: Ask): string | undefined {
  switch (obstacle) {
    case "too_long":
      return `--for ${formatDuration(rule.maxDuration)}`;
    case "reason_missing":
    case "reason_not_right":
      return rule.reasonPattern === undefined
        ? `--reason "why you need ${ask.resource}"`
        : `--reason (like ${rule.reasonPattern})`;
    case "ticket_missing":
    case "ticket_not_right":
      return rule.ticketPattern === undefined ? "--ticket ID" : `--ticket (like ${rule.ticketPattern})`;
    case "outside_hours":
    case "not_on_call":
    case "calendar_unknown":
    case "nobody_can_approve":
      return undefined;
  }
}
