import type { PersonView } from "@phi/shared/contract/fields";
import type { ExtensionView, LeaseView, OfferView, RequestView } from "@phi/shared/contract/request";
import type { EmergencyView } from "@phi/shared/contract/review";
import type { Me } from "@phi/shared/contract/sign-in";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import { openStage, yesOf } from "../domain/approval.js";
import { hashOf } from "../domain/approve.js";
import type { Caller } from "../domain/caller.js";
import type { Emergency } from "../domain/emergency.js";
import { type Extension, extendedUntil } from "../domain/extension.js";
import { idleAt, isWatched } from "../domain/idleness.js";
import type { Lease } from "../domain/lease.js";
import { wordForPeople } from "../domain/on-call.js";
import { approvalsNeeded, everyApprover } from "../domain/policy/rule.js";
import type { Principal } from "../domain/principal.js";
import type { Offer } from "../domain/request.js";
import type { Dossier } from "../operations/dossier.js";

/** From the domain's values to the contract's: instants become RFC 3339, absent stays absent. */

function person({ issuer, subject, name }: Pick<Principal, "issuer" | "subject" | "name">): PersonView {
  return { issuer, subject, name };
}

/** `{ key: value }`, or nothing when there is no value: optional fields are left out, never null. */
function optional<Key extends string, From, To>(
  key: Key,
  value: From | undefined,
  map: (value: From) => To,
): { [K in Key]?: To } {
  return value === undefined ? {} : ({ [key]: map(value) } as { [K in Key]?: To });
}

const same = <Value>(value: Value): Value => value;

export function requestView({ request, approvals, leases, rights, onCall }: Dossier): RequestView {
  const times: {
    state: string;
    approvedAt?: Instant;
    claimUntil?: Instant;
    startedAt?: Instant;
    expiresAt?: Instant;
    endedAt?: Instant;
  } = request;
  const open = openStage(request.stages, yesOf(approvals));
  return {
    request: request.id,
    requester: person(request.requester),
    resource: request.resource,
    role: request.role,
    duration: request.duration,
    ...optional("reason", request.reason, same),
    ...optional("ticket", request.ticket, same),
    state: request.state,
    policy: request.policy,
    ...optional("policyHash", request.policyHash, same),
    approvers: [
      ...(request.state === "pending" && open !== undefined ? open.stage.from : everyApprover(request.stages)),
    ],
    approvalsNeeded: approvalsNeeded({ approval: request }),
    stages: request.stages.map(({ from, count }) => ({ from: [...from], count })),
    ...(onCall.length === 0
      ? {}
      : { onCall: onCall.map(({ calendar, who }) => ({ calendar, who: who.map(wordForPeople) })) }),
    approvals: approvals.map((approval) => ({
      by: person(approval.approver),
      ...optional("onBehalfOf", approval.onBehalfOf, person),
      verdict: approval.verdict,
      ...optional("reason", approval.reason, same),
      at: toRfc3339(approval.at),
    })),
    hash: hashOf(request),
    ...(request.state === "pending" ? optional("offer", request.offer, offerView) : {}),
    claimWithin: request.claimWithin,
    starts: request.starts,
    ...optional("idleTimeout", request.idleTimeout, same),
    ...(isWatched(request) ? { idleAt: toRfc3339(idleAt(request)) } : {}),
    ...(request.once ? { once: true as const } : {}),
    ...optional("extends", request.extends, (extension) => extensionView(extension, request.duration)),
    createdAt: toRfc3339(request.createdAt),
    pendingUntil: toRfc3339(request.pendingUntil),
    ...optional("approvedAt", times.approvedAt, toRfc3339),
    ...optional("claimUntil", times.claimUntil, toRfc3339),
    ...optional("startedAt", times.startedAt, toRfc3339),
    ...optional("expiresAt", times.expiresAt, toRfc3339),
    ...optional("endedAt", times.endedAt, toRfc3339),
    ...(request.state === "ended" ? { endedBecause: request.endedBecause } : {}),
    ...optional("endComment", request.endComment, same),
    leases: leases.map(leaseView),
    ...optional("emergency", request.emergency, emergencyView),
    mayReview: rights.review,
    mayDecide: rights.decide,
    mayUse: rights.use,
    mayEnd: rights.end || rights.revoke,
  };
}

function offerView({ by, standIn, role, duration, reason, at }: Offer): OfferView {
  const place = optional("onBehalfOf", standIn?.principal, person);
  return { by: person(by), ...place, role, duration, ...optional("reason", reason, same), at: toRfc3339(at) };
}

function extensionView(extension: Extension, duration: number): ExtensionView {
  return {
    request: extension.of,
    startedAt: toRfc3339(extension.startedAt),
    from: toRfc3339(extension.from),
    until: toRfc3339(extendedUntil(extension, duration)),
  };
}

function emergencyView({ reviewers, reviewBy, review }: Emergency): EmergencyView {
  return {
    reviewers: [...reviewers],
    reviewBy: toRfc3339(reviewBy),
    ...optional("review", review, ({ by, verdict, reason, at }) => ({
      by: person(by),
      verdict,
      reason,
      at: toRfc3339(at),
    })),
  };
}

function leaseView(lease: Lease): LeaseView {
  const tried = "attempts" in lease ? lease : undefined;
  return {
    lease: lease.id,
    state: lease.state,
    handle: lease.handleText,
    expiresAt: toRfc3339(lease.expiresAt),
    ...optional("overdueSince", tried?.overdueSince, toRfc3339),
    attempts: tried?.attempts ?? 0,
    ...optional("lastError", tried?.lastError, same),
    ...(lease.state === "revoked" ? { revokedAt: toRfc3339(lease.revokedAt) } : {}),
  };
}

export function meView(caller: Caller): Me {
  return {
    signIn: caller.signIn,
    principal: { ...person(caller.principal), groups: [...caller.principal.groups] },
    expiresAt: toRfc3339(caller.signInExpiresAt),
    mayAudit: caller.mayAudit,
    isAdmin: caller.isAdmin,
  };
}
