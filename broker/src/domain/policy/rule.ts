import type { Selector } from "../principal.js";
import type { TimeSpan } from "./time-span.js";

/** So many different people out of `from` must say yes. */
export interface Stage {
  readonly from: readonly Selector[];
  readonly count: number;
}

/** That people named by the rule may take access at once, without an approval, when it is an emergency. */
export interface EmergencyClause {
  /** Longest window, in seconds. */
  readonly maxDuration: number;
  /** Who is told at once. */
  readonly notify: readonly Selector[];
  /** Who reviews it afterwards; never who took it. */
  readonly reviewers: readonly Selector[];
  /** How long after its end the review may take, in seconds. */
  readonly reviewWithin: number;
}

interface Named {
  /** What people read when it decides. Unique. */
  readonly name: string;
  /** Exact names, or a beginning followed by `*`. */
  readonly resources: readonly string[];
  /** In one of these; absent: always. */
  readonly during?: readonly TimeSpan[] | undefined;
}

/** A rule that lets people have something. Plain data: it is compared, hashed and printed. */
export interface AllowRule extends Named {
  readonly effect: "allow";
  readonly requesters: readonly Selector[];
  readonly roles: readonly string[];
  /** Longest window, in seconds. */
  readonly maxDuration: number;
  /** Name of a calendar: only for who is on call by it. */
  readonly onCall?: string | undefined;
  /** Absent: allowed without an approver. Else each stage in turn, and nobody counts in two of them. */
  readonly approval?: { readonly stages: readonly Stage[] } | undefined;
  readonly reason: "required" | "optional";
  /** What the whole reason must be like; source of a text pattern. Absent: anything. */
  readonly reasonPattern?: string | undefined;
  readonly ticket: "required" | "optional";
  readonly ticketPattern?: string | undefined;
  /** How long a request may wait for its answer, in seconds. */
  readonly pendingFor: number;
  /** How long an approved request may wait for its first use, in seconds. */
  readonly claimWithin: number;
  /** When the window begins. */
  readonly starts: "first_use" | "approval";
  /** A window whose credentials have done nothing on the target for so long ends, in seconds. Absent: never. */
  readonly idleTimeout?: number | undefined;
  readonly emergency?: EmergencyClause | undefined;
}

/** A rule that says no, whatever others say. */
export interface DenyRule extends Named {
  readonly effect: "deny";
  /** Absent: everybody. */
  readonly requesters?: readonly Selector[] | undefined;
  /** Absent: every role. */
  readonly roles?: readonly string[] | undefined;
  /** Why, for those it refuses. */
  readonly message?: string | undefined;
}

/** One rule of the policy file. */
export type PolicyRule = AllowRule | DenyRule;

/** How many people must say yes in all; 0 when it is allowed at once. */
export function approvalsNeeded(rule: Pick<AllowRule, "approval">): number {
  return (rule.approval?.stages ?? []).reduce((sum, stage) => sum + stage.count, 0);
}

/** Everybody whom a stage names, once each, in order. */
export function everyApprover(stages: readonly Stage[]): Selector[] {
  return [...new Set(stages.flatMap((stage) => stage.from))];
}

/** Whether a resource name is meant by a pattern of the policy: equal, or beginning with what stands before a final `*`. */
export function matchesResource(pattern: string, resource: string): boolean {
  return pattern.endsWith("*") ? resource.startsWith(pattern.slice(0, -1)) : pattern === resource;
}
