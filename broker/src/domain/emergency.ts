import type { Instant } from "@phi/shared/time";
import { matchesAny, type Principal, type Selector, samePrincipal } from "./principal.js";

/** What makes a request one that somebody granted themselves: it is looked at afterwards, by somebody else. */
export interface Emergency {
  /** Who may review it; never its requester. */
  readonly reviewers: readonly Selector[];
  /** Who is told of it at once. */
  readonly notify: readonly Selector[];
  /** Not reviewed at this instant it is overdue. */
  readonly reviewBy: Instant;
  readonly review?: Review | undefined;
}

/** What a reviewer found. Never changed. */
export interface Review {
  readonly by: Pick<Principal, "issuer" | "subject" | "name">;
  readonly verdict: "ok" | "flag";
  readonly reason: string;
  readonly at: Instant;
}

interface Reviewed {
  readonly requester: Pick<Principal, "issuer" | "subject">;
  readonly emergency?: Emergency | undefined;
  readonly state: string;
}

export type ReviewRight =
  | "may_review"
  | "no_emergency"
  /** Nobody reviews what they granted themselves, whatever their groups say. */
  | "own_request"
  | "not_a_reviewer"
  | "reviewed"
  /** What would still happen in it nobody would have looked at. */
  | "not_over";

/** Whether the principal may review the request now. */
export function reviewRight({ requester, emergency, state }: Reviewed, principal: Principal): ReviewRight {
  if (emergency === undefined) return "no_emergency";
  if (samePrincipal(requester, principal)) return "own_request";
  if (!matchesAny(principal, emergency.reviewers)) return "not_a_reviewer";
  if (emergency.review !== undefined) return "reviewed";
  return state === "ended" ? "may_review" : "not_over";
}

/** Whether the principal is a reviewer of the request at all. */
export function isReviewer({ requester, emergency }: Omit<Reviewed, "state">, principal: Principal): boolean {
  return emergency !== undefined && !samePrincipal(requester, principal) && matchesAny(principal, emergency.reviewers);
}
