import type { EndReason, RequestState } from "@phi/shared/contract/request";
import type { RequestId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import { matchesAny, type Principal, type Selector, samePrincipal } from "./principal.js";

/** What is fixed when somebody asks; it never changes afterwards. */
interface Asked {
  readonly id: RequestId;
  readonly requester: Principal;
  readonly resource: string;
  readonly role: string;
  /** Length of the window, in seconds. */
  readonly duration: number;
  readonly reason: string | undefined;
  readonly ticket: string | undefined;
  readonly policy: string;
  readonly approvers: readonly Selector[];
  readonly approvalsNeeded: number;
  /** How long it may wait for its first use after the approval, in seconds. */
  readonly claimWithin: number;
  readonly starts: "first_use" | "approval";
  readonly createdAt: Instant;
  readonly pendingUntil: Instant;
  /** Free text of whoever denied, withdrew, ended or revoked it. */
  readonly endComment: string | undefined;
}

interface Approved {
  readonly approvedAt: Instant;
  readonly claimUntil: Instant;
}

interface Started extends Approved {
  readonly startedAt: Instant;
  /** Absolute: no reconnecting, second command or renewal moves it. */
  readonly expiresAt: Instant;
}

/** A request in each of its states; `design §3`. */
export type Request = Asked &
  (
    | { readonly state: "pending" }
    | ({ readonly state: "approved" } & Approved)
    | ({ readonly state: "active" } & Started)
    | { readonly state: "denied" | "withdrawn" | "lapsed"; readonly endedAt: Instant }
    | ({ readonly state: "ended"; readonly endedAt: Instant; readonly endedBecause: EndReason } & Approved &
        Partial<Started>)
  );

const MOVES: Record<RequestState, readonly RequestState[]> = {
  pending: ["approved", "active", "denied", "withdrawn", "lapsed"], // active at once when the window starts with the approval
  approved: ["active", "lapsed", "ended"],
  active: ["ended"],
  denied: [],
  withdrawn: [],
  lapsed: [],
  ended: [],
};

/** Whether the state machine of `design §3` has this move. */
export function mayMove(from: RequestState, to: RequestState): boolean {
  return MOVES[from].includes(to);
}

/** Whether nothing will change any more. */
export function isFinal(state: RequestState): boolean {
  return MOVES[state].length === 0;
}

export type DecisionRight = "may_decide" | "own_request" | "not_an_approver";

/** Who may approve or deny: a named approver, never the requester, whatever their groups say. */
export function decisionRight(request: Request, principal: Principal): DecisionRight {
  if (samePrincipal(request.requester, principal)) return "own_request";
  return matchesAny(principal, request.approvers) ? "may_decide" : "not_an_approver";
}

/** Whether credentials can be made under it at `now`. */
export function isUsable(request: Request, now: Instant): boolean {
  switch (request.state) {
    case "approved":
      return now < request.claimUntil;
    case "active":
      return now < request.expiresAt;
    case "pending":
    case "denied":
    case "withdrawn":
    case "lapsed":
    case "ended":
      return false;
  }
}

/** The end of the window if it were used at `now`: already fixed once it is active. */
export function windowEnd(request: Extract<Request, { state: "approved" | "active" }>, now: Instant): Instant {
  return request.state === "active" ? request.expiresAt : now + request.duration * 1000;
}

/** When the broker must act by itself, and what it then does. */
export function requestDue(request: Request): { at: Instant; move: "lapsed" | "ended" } | undefined {
  switch (request.state) {
    case "pending":
      return { at: request.pendingUntil, move: "lapsed" };
    case "approved":
      return { at: request.claimUntil, move: "lapsed" };
    case "active":
      return { at: request.expiresAt, move: "ended" };
    case "denied":
    case "withdrawn":
    case "lapsed":
    case "ended":
      return undefined;
  }
}
