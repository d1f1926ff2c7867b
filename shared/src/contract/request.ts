import * as z from "zod";
import { LONGEST_DURATION } from "../duration.js";
import { instant, leaseId, line, name, personView, requestId, seconds } from "./fields.js";
import { emergencyView } from "./review.js";

/** `design §3`: the life of a request. `ended` says how in `endedBecause`; `extended`: an extension that got its yes, its time is part of the window that it extends. */
export const requestStates = [
  "pending",
  "approved",
  "active",
  "denied",
  "withdrawn",
  "lapsed",
  "ended",
  "extended",
] as const;
export const requestState = z.enum(requestStates);
export type RequestState = z.infer<typeof requestState>;

/**
 * `expired`: the window closed. `ended_by_holder`: given back. `revoked`: taken back by an approver or an admin. `used_once`: it was for one
 * command, and that is over. `idle`: nothing was done with it on the target for as long as its policy allows.
 */
export const endReason = z.enum(["expired", "ended_by_holder", "revoked", "used_once", "idle"]);
export type EndReason = z.infer<typeof endReason>;

/** `POST /v1/requests`. What the server decides (state, requester, approvers) is not part of it and is refused. */
export const requestOrder = z.strictObject({
  resource: z.string().min(1).max(64),
  /** May be left out when the caller may ask for just one role on the resource. */
  role: z.string().min(1).max(64).optional(),
  /** Length of the window, in seconds. */
  duration: seconds.max(LONGEST_DURATION),
  reason: line(500).optional(),
  ticket: line(120).optional(),
  /** For one command: the request ends with it. */
  once: z.boolean().optional(),
  /** Now and without an approval, where policy has a clause for it; somebody reviews it afterwards. */
  emergency: z.boolean().optional(),
});
export type RequestOrder = z.infer<typeof requestOrder>;

/** One answer of one approver. */
export const approvalView = z.object({
  by: personView,
  /** In whose place, by a delegation. */
  onBehalfOf: personView.optional(),
  verdict: z.enum(["approve", "deny"]),
  reason: z.string().optional(),
  at: instant,
});
export type ApprovalView = z.infer<typeof approvalView>;

/** What is known of a lease without its secret. */
export const leaseView = z.object({
  lease: leaseId,
  state: z.enum(["issuing", "active", "revoking", "revoked", "abandoned"]),
  /** The non-secret name on the target. */
  handle: z.string(),
  expiresAt: instant,
  /** Since when the credential should be dead and is not proven dead. */
  overdueSince: instant.optional(),
  /** Failed revocations so far, and the last one's cause in one line. */
  attempts: z.int().nonnegative(),
  lastError: z.string().optional(),
  revokedAt: instant.optional(),
});
export type LeaseView = z.infer<typeof leaseView>;

/** Less than what was asked for; the requester takes it with `phi accept`, or not. */
export const offerView = z.object({
  by: personView,
  /** In whose place, by a delegation. */
  onBehalfOf: personView.optional(),
  role: name,
  duration: seconds,
  reason: z.string().optional(),
  at: instant,
});
export type OfferView = z.infer<typeof offerView>;

/** What a request extends, and how far: it has no window and no credentials of its own. */
export const extensionView = z.object({
  /** The request whose window it is. */
  request: requestId,
  /** Beginning of that window, its end when this was asked for, and its end after the yes. */
  startedAt: instant,
  from: instant,
  until: instant,
});
export type ExtensionView = z.infer<typeof extensionView>;

export const requestView = z.object({
  request: requestId,
  requester: personView,
  resource: name,
  role: name,
  duration: seconds,
  reason: z.string().optional(),
  ticket: z.string().optional(),
  state: requestState,
  /** Name of the policy that decided. */
  policy: z.string(),
  /** SHA-256 (hex) of the policies that it was decided by. */
  policyHash: z.string().optional(),
  /** Who answers: pending, those of the stage that is open; else everybody whom it named. */
  approvers: z.array(z.string()),
  approvalsNeeded: z.int().nonnegative(),
  /** Who must say yes, stage after stage; none: it was allowed at once. One person counts once. */
  stages: z.array(z.object({ from: z.array(z.string()), count: z.int().positive() })),
  /** Pending, where a calendar says who answers: who is on call by it now, by address or subject. */
  onCall: z.array(z.object({ calendar: name, who: z.array(z.string()) })).optional(),
  approvals: z.array(approvalView),
  /** Hash of what an approver says yes to (`requestHash`); an approval must carry it. */
  hash: z.string().length(64),
  /** Pending: what an approver offers instead. */
  offer: offerView.optional(),
  /** How long it may wait for its first use after the approval, and when the window begins. */
  claimWithin: seconds,
  starts: z.enum(["first_use", "approval"]),
  /** Without anything done on the target for so long the window ends. */
  idleTimeout: seconds.optional(),
  /** Active, with an `idleTimeout`: when it ends if nothing more is done, as far as the broker has seen. */
  idleAt: instant.optional(),
  /** For one command only; it ends with it. */
  once: z.literal(true).optional(),
  /** There when it is more time for another request; `duration` is then how much more. */
  extends: extensionView.optional(),
  createdAt: instant,
  /** Pending: unanswered after this instant it lapses. */
  pendingUntil: instant,
  approvedAt: instant.optional(),
  /** Approved: unused after this instant it lapses. */
  claimUntil: instant.optional(),
  /** Active: the window, absolute. */
  startedAt: instant.optional(),
  expiresAt: instant.optional(),
  endedAt: instant.optional(),
  endedBecause: endReason.optional(),
  /** Free text of whoever denied, withdrew, ended or revoked it. */
  endComment: z.string().optional(),
  leases: z.array(leaseView),
  /** There when its requester granted it to themselves in an emergency. */
  emergency: emergencyView.optional(),
  mayReview: z.boolean(),
  /** What the caller may do with it now. */
  mayDecide: z.boolean(),
  mayUse: z.boolean(),
  mayEnd: z.boolean(),
});
export type RequestView = z.infer<typeof requestView>;

export const requestScope = z.enum(["mine", "to_approve", "to_review", "all"]);
export type RequestScope = z.infer<typeof requestScope>;

/** `GET /v1/requests`, newest first. */
export const requestQuery = z.strictObject({
  scope: requestScope.default("mine"),
  state: requestState.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  /** Give the `next` of the answer before to read on. */
  before: requestId.optional(),
});
export type RequestQuery = z.infer<typeof requestQuery>;

export const requestList = z.object({ requests: z.array(requestView), next: requestId.optional() });
export type RequestList = z.infer<typeof requestList>;

/** `POST /v1/requests/:id/extensions`: more time for an active request, as a request of its own that is decided and answered like any other. */
export const extensionOrder = z.strictObject({
  /** How much longer, in seconds. */
  duration: seconds.max(LONGEST_DURATION),
  reason: line(500).optional(),
  ticket: line(120).optional(),
});
export type ExtensionOrder = z.infer<typeof extensionOrder>;

/** `POST /v1/requests/:id/approvals`. */
export const approvalOrder = z.strictObject({
  verdict: z.enum(["approve", "deny"]),
  reason: line(500).optional(),
  /** Of the request as it was shown; with `approve` it must be there, and anything but the present one is refused with 409. */
  hash: z.string().length(64).optional(),
});
export type ApprovalOrder = z.infer<typeof approvalOrder>;

/** `POST /v1/requests/:id/offers`: a yes to less. What is left out stays as asked. */
export const offerOrder = z.strictObject({
  role: name.optional(),
  duration: seconds.max(LONGEST_DURATION).optional(),
  reason: line(500).optional(),
  hash: z.string().length(64),
});
export type OfferOrder = z.infer<typeof offerOrder>;

/** `POST /v1/requests/:id/accept`: says what is accepted, so that an offer that has changed since is not. */
export const acceptOrder = z.strictObject({ role: name, duration: seconds.max(LONGEST_DURATION) });
export type AcceptOrder = z.infer<typeof acceptOrder>;

/** `POST /v1/requests/:id/end`, `…/revoke`, `…/withdraw`. */
export const endOrder = z.strictObject({ reason: line(500).optional() });
export type EndOrder = z.infer<typeof endOrder>;
