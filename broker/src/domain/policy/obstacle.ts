import { formatDuration } from "@phi/shared/duration";
import type { Instant } from "@phi/shared/time";
import { type OnCall, onCallInWords } from "../on-call.js";
import type { Principal } from "../principal.js";
import { couldBeApproved } from "./approvable.js";
import type { AllowRule } from "./rule.js";
import type { TextPattern } from "./text-pattern.js";
import { spansInWords } from "./time-span.js";

/** What is asked. */
export interface Ask {
  readonly resource: string;
  readonly role: string;
  /** Seconds. */
  readonly duration: number;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
}

/** Why a rule that names somebody does not give them what they ask, each with what would help. */
export type Obstacle =
  | "outside_hours"
  | "not_on_call"
  | "calendar_unknown"
  | "too_long"
  | "reason_missing"
  | "reason_not_right"
  | "ticket_missing"
  | "ticket_not_right"
  | "nobody_can_approve";

/** A rule made ready to be asked often. */
export interface ReadyRule {
  readonly rule: AllowRule;
  readonly isOpen: (now: Instant) => boolean;
  readonly reasonFits: TextPattern | undefined;
  readonly ticketFits: TextPattern | undefined;
}

/** Who asks for what, when, and how they stand with the calendar that the rule names, if it names one. */
export interface Question {
  readonly principal: Principal;
  readonly ask: Ask;
  readonly now: Instant;
  readonly onCall: OnCall | undefined;
}

/** Everything that stands between the ask and a rule whose people, resource and role fit; none: the rule gives it. */
export function obstaclesOf(ready: ReadyRule, { principal, ask, now, onCall }: Question): Obstacle[] {
  const { rule } = ready;
  const found: Obstacle[] = [];
  if (!ready.isOpen(now)) found.push("outside_hours");
  if (onCall?.state === "off") found.push("not_on_call");
  if (onCall?.state === "unknown") found.push("calendar_unknown");
  if (ask.duration > rule.maxDuration) found.push("too_long");
  if (ask.reason === undefined) {
    if (rule.reason === "required") found.push("reason_missing");
  } else if (ready.reasonFits?.(ask.reason) === false) found.push("reason_not_right");
  if (ask.ticket === undefined) {
    if (rule.ticket === "required") found.push("ticket_missing");
  } else if (ready.ticketFits?.(ask.ticket) === false) found.push("ticket_not_right");
  if (rule.approval !== undefined && !couldBeApproved(rule.approval.stages, principal))
    found.push("nobody_can_approve");
  return found;
}

/** An obstacle as a clause about the rule, for its explanation. */
export function obstacleInWords(obstacle: Obstacle, rule: AllowRule, ask: Ask, onCall?: OnCall): string {
  switch (obstacle) {
    case "not_on_call":
    case "calendar_unknown":
      return onCall === undefined ? `only while on call by "${rule.onCall ?? "?"}"` : onCallInWords(onCall);
    case "outside_hours":
      return `only ${spansInWords(rule.during ?? [])}`;
    case "too_long":
      return `${formatDuration(ask.duration)} is too long; the longest is ${formatDuration(rule.maxDuration)}`;
    case "reason_missing":
      return "wants a reason";
    case "reason_not_right":
      return `wants a reason like ${rule.reasonPattern ?? "another"}`;
    case "ticket_missing":
      return rule.ticketPattern === undefined ? "wants a ticket" : `wants a ticket like ${rule.ticketPattern}`;
    case "ticket_not_right":
      return `wants a ticket like ${rule.ticketPattern ?? "another"}`;
    case "nobody_can_approve":
      return "nobody else could approve it: it names too few people besides the requester";
  }
}
