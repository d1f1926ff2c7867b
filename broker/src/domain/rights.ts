import type { Instant } from "@phi/shared/time";
import { answerRight, mayAnswerSometime } from "./answer-as.js";
import { type Answer, isApprover } from "./approval.js";
import type { Caller } from "./caller.js";
import type { StandIn } from "./delegation.js";
import { isReviewer, reviewRight } from "./emergency.js";
import { samePrincipal } from "./principal.js";
import { isUsable, type Request } from "./request.js";

/** What one caller may do with one loaded request. `decide`: say no, and yes when their stage is open. */
export interface Rights {
  readonly see: boolean;
  readonly decide: boolean;
  readonly withdraw: boolean;
  readonly use: boolean;
  readonly end: boolean;
  readonly revoke: boolean;
  readonly review: boolean;
}

const NOTHING: Rights = {
  see: false,
  decide: false,
  withdraw: false,
  use: false,
  end: false,
  revoke: false,
  review: false,
};

/** The one place that authorises on a request, by the answers it has so far where they were loaded. Default deny: who is nobody here does not learn that it exists. */
export function rightsOn(
  request: Request,
  caller: Caller,
  now: Instant,
  answers: readonly Answer[] = [],
  standIns: readonly StandIn[] = [],
): Rights {
  const own = samePrincipal(request.requester, caller.principal);
  const approver = isApprover(request, caller.principal);
  const reviewer = isReviewer(request, caller.principal);
  const place = mayAnswerSometime(request, caller.principal, standIns);
  if (!own && !approver && !place && !reviewer && !caller.isAdmin && !caller.mayAudit) return NOTHING;
  const live = request.state === "approved" || request.state === "active";
  return {
    see: true,
    decide:
      request.state === "pending" &&
      answerRight(request, answers, caller.principal, standIns, "deny").right === "may_decide",
    withdraw: own && request.state === "pending",
    use: own && isUsable(request, now),
    end: own && live,
    revoke: (approver || reviewer || caller.isAdmin) && live,
    review: reviewRight(request, caller.principal) === "may_review",
  };
}
