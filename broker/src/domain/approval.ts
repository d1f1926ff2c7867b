import { everyApprover, type Stage } from "./policy/rule.js";
import { matchesAny, type Principal, samePrincipal } from "./principal.js";
import type { Request } from "./request.js";

/** One approver's answer; never changed, and one person has one. */
export interface Answer {
  readonly approver: Pick<Principal, "issuer" | "subject">;
  /** In whose place it was given; the two count once together. */
  readonly onBehalfOf?: Pick<Principal, "issuer" | "subject"> | undefined;
  readonly verdict: "approve" | "deny";
}

/** The stage that is waiting for answers. Stages are filled in turn, so how many said yes tells which it is. */
export interface OpenStage {
  readonly stage: Stage;
  /** From 1. */
  readonly number: number;
  /** How many more must say yes in it. */
  readonly missing: number;
}

export function openStage(stages: readonly Stage[], yes: number): OpenStage | undefined {
  let before = 0;
  for (const [index, stage] of stages.entries()) {
    if (yes < before + stage.count) return { stage, number: index + 1, missing: before + stage.count - yes };
    before += stage.count;
  }
  return undefined;
}

export function yesOf(answers: readonly Answer[]): number {
  return answers.filter((one) => one.verdict === "approve").length;
}

export type DecisionRight =
  | "may_decide"
  /** Nobody decides on their own request, whatever their groups say. */
  | "own_request"
  | "not_an_approver"
  /** One person, one answer. */
  | "answered"
  /** Named, but not for the stage that is open. They may say no at any time. */
  | "not_this_stage";

/** Whether the principal may give this answer to a pending request with these answers. */
export function decisionRight(
  request: Pick<Request, "requester" | "stages">,
  answers: readonly Answer[],
  principal: Principal,
  verdict: Answer["verdict"],
): DecisionRight {
  if (samePrincipal(request.requester, principal)) return "own_request";
  if (!matchesAny(principal, everyApprover(request.stages))) return "not_an_approver";
  if (answers.some((one) => isBy(one, principal))) return "answered";
  if (verdict === "deny") return "may_decide";
  const open = openStage(request.stages, yesOf(answers));
  return open !== undefined && matchesAny(principal, open.stage.from) ? "may_decide" : "not_this_stage";
}

/** Whether the principal is an approver of the request at all, whatever its state. */
export function isApprover(request: Pick<Request, "requester" | "stages">, principal: Principal): boolean {
  return !samePrincipal(request.requester, principal) && matchesAny(principal, everyApprover(request.stages));
}

/** Themselves, or somebody in their place. */
function isBy({ approver, onBehalfOf }: Answer, principal: Principal): boolean {
  return samePrincipal(approver, principal) || (onBehalfOf !== undefined && samePrincipal(onBehalfOf, principal));
}
