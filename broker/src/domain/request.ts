import type { EndReason, RequestState } from "@phi/shared/contract/request";
import type { RequestId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { StandIn } from "./delegation.js";
import type { Emergency } from "./emergency.js";
import type { Extension } from "./extension.js";
import type { Stage } from "./policy/rule.js";
import type { Principal } from "./principal.js";

/** Less than what was asked for, offered by an approver; the requester accepts it or not. */
export interface Offer {
  /** As signed in then: their groups say whether it is theirs to offer. */
  readonly by: Principal;
  /** In whose place, by which delegation, if it is not their own to make. */
  readonly standIn?: Pick<StandIn, "delegation" | "principal"> | undefined;
  readonly role: string;
  /** Seconds. */
  readonly duration: number;
  readonly reason: string | undefined;
  readonly at: Instant;
}

/** What is fixed when somebody asks; nothing but an offer that they accept changes it afterwards. */
interface Asked {
  readonly id: RequestId;
  readonly requester: Principal;
  readonly resource: string;
  readonly role: string;
  /** Length of the window, in seconds. */
  readonly duration: number;
  readonly reason: string | undefined;
  readonly ticket: string | undefined;
  /** Name of the rule that decided. */
  readonly policy: string;
  /** Hash of the policies that it was decided by; absent in what was asked before phi kept it. */
  readonly policyHash: string | undefined;
  /** Who must say yes, stage after stage; none: it was allowed at once. */
  readonly stages: readonly Stage[];
  /** How long it may wait for its first use after the approval, in seconds. */
  readonly claimWithin: number;
  readonly starts: "first_use" | "approval";
  /** Without anything done on the target for so long, in seconds, its window ends; absent: never. */
  readonly idleTimeout?: number | undefined;
  /** For one command: there is no second credential, and the request ends with the first. */
  readonly once: boolean;
  readonly createdAt: Instant;
  readonly pendingUntil: Instant;
  /** Grows with each offer made and accepted: an answer to what has changed since loses. */
  readonly revision: number;
  /** Free text of whoever denied, withdrew, ended or revoked it. */
  readonly endComment: string | undefined;
  /** There when its requester granted it to themselves. */
  readonly emergency?: Emergency | undefined;
  /** There when it asks for more time in another request's window; `duration` is then how much more. */
  readonly extends?: Extension | undefined;
}

interface Approved {
  readonly approvedAt: Instant;
  readonly claimUntil: Instant;
}

interface Started extends Approved {
  readonly startedAt: Instant;
  /** Absolute: no reconnecting, second command or renewal moves it. */
  readonly expiresAt: Instant;
  /** The newest use that is known or presumed, where there is an `idleTimeout`; absent until the first look at the target. */
  readonly activeAt?: Instant | undefined;
  /** The last look at the target that was answered. */
  readonly lookedAt?: Instant | undefined;
}

/** A request in each of its states; `design §3`. */
export type Request = Asked &
  (
    | { readonly state: "pending"; readonly offer?: Offer | undefined }
    | ({ readonly state: "approved" } & Approved)
    | ({ readonly state: "active" } & Started)
    | { readonly state: "denied" | "withdrawn" | "lapsed"; readonly endedAt: Instant }
    /** An extension with all its yes: its time is part of the window that it extends. */
    | { readonly state: "extended"; readonly approvedAt: Instant; readonly endedAt: Instant }
    | ({ readonly state: "ended"; readonly endedAt: Instant; readonly endedBecause: EndReason } & Approved &
        Partial<Started>)
  );

const MOVES: Record<RequestState, readonly RequestState[]> = {
  pending: ["approved", "active", "extended", "denied", "withdrawn", "lapsed"], // active at once when the window starts with the approval; extended, and nothing else of these, when it is an extension
  approved: ["active", "lapsed", "ended"],
  active: ["ended"],
  denied: [],
  withdrawn: [],
  lapsed: [],
  ended: [],
  extended: [],
};

/** Whether the state machine of `design §3` has this move. */
export function mayMove(from: RequestState, to: RequestState): boolean {
  return MOVES[from].includes(to);
}

/** Whether nothing will change any more. */
export function isFinal(state: RequestState): boolean {
  return MOVES[state].length === 0;
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
    case "extended":
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
    case "extended":
      return undefined;
  }
}
