import { type Answer, type DecisionRight, decisionRight, isApprover } from "./approval.js";
import type { StandIn } from "./delegation.js";
import { type Principal, samePrincipal } from "./principal.js";
import type { Request } from "./request.js";

type Asked = Pick<Request, "requester" | "stages" | "resource">;

/** Whether somebody may give an answer, and in whose place if it is not their own to give. */
export interface AnswerRight {
  readonly right: DecisionRight;
  readonly standIn?: StandIn;
}

/**
 * In their own right if they have one, else in the place of the first who handed over to them and could answer. Nobody decides on their own
 * request, and nobody on the request of who handed over to them; who handed over and who got it count once together; and what was got
 * cannot be handed on, because a place is judged by its owner's own groups.
 */
export function answerRight(
  request: Asked,
  answers: readonly Answer[],
  principal: Principal,
  standIns: readonly StandIn[],
  verdict: Answer["verdict"],
): AnswerRight {
  const right = decisionRight(request, answers, principal, verdict);
  if (right !== "not_an_approver" && right !== "not_this_stage") return { right };
  const places = placesOn(request, standIns);
  const standIn = places.find((one) => decisionRight(request, answers, one.principal, verdict) === "may_decide");
  const hasAnswered = answers.some((one) => samePrincipal(one.approver, principal));
  if (standIn !== undefined) return hasAnswered ? { right: "answered" } : { right: "may_decide", standIn };
  // Somebody who could answer here in another's place is told why not now, as that other would be.
  const [first] = places.filter((one) => isApprover(request, one.principal));
  if (right === "not_this_stage" || first === undefined) return { right };
  return { right: decisionRight(request, answers, first.principal, verdict) };
}

/** Whether the principal has to do with the request as an approver, or in the place of one. */
export function mayAnswerSometime(request: Asked, principal: Principal, standIns: readonly StandIn[]): boolean {
  if (samePrincipal(request.requester, principal)) return false;
  return (
    isApprover(request, principal) || placesOn(request, standIns).some((one) => isApprover(request, one.principal))
  );
}

/** A delegation never reaches the request of the one who gave it. */
function placesOn({ requester, resource }: Asked, standIns: readonly StandIn[]): StandIn[] {
  return standIns.filter(
    (one) => !samePrincipal(one.principal, requester) && (one.resource === undefined || one.resource === resource),
  );
}
