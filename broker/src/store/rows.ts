import type { DelegationId, LeaseId, RequestId, SessionId, SignInId } from "@phi/shared/ids";
import type { Emergency } from "../domain/emergency.js";
import { type Lease, leaseDue, type RevokeReason } from "../domain/lease.js";
import { approvalsNeeded, everyApprover, type Stage } from "../domain/policy/rule.js";
import type { Selector } from "../domain/principal.js";
import { type Offer, type Request, requestDue } from "../domain/request.js";
import type { Approval, Session, SignIn } from "../ports/ledger.js";
import { extensionFromRow, extensionToRow } from "./extension-steps.js";
import type { approvals } from "./schema/approvals.js";
import type { leases } from "./schema/leases.js";
import type { requests } from "./schema/requests.js";
import type { sessions } from "./schema/sessions.js";
import type { signIns } from "./schema/sign-ins.js";

/** Between rows and the domain's values. A row that no state allows is a damaged ledger, and is said so at once. */

function present<T>(value: T | null, what: string): T {
  if (value === null) throw new Error(`damaged ledger: ${what} is missing`);
  return value;
}

export function requestFromRow(row: typeof requests.$inferSelect): Request {
  const asked = {
    id: row.id as RequestId,
    requester: {
      issuer: row.requesterIssuer,
      subject: row.requesterSubject,
      name: row.requesterName,
      groups: row.requesterGroups,
    },
    resource: row.resource,
    role: row.role,
    duration: row.duration,
    reason: row.reason ?? undefined,
    ticket: row.ticket ?? undefined,
    policy: row.policy,
    policyHash: row.policyHash ?? undefined,
    stages: stagesFromRow(row),
    revision: row.revision,
    claimWithin: row.claimWithin,
    starts: row.starts,
    once: row.once,
    ...(row.idleTimeout === null ? {} : { idleTimeout: row.idleTimeout }),
    createdAt: row.createdAt,
    pendingUntil: row.pendingUntil,
    endComment: row.endComment ?? undefined,
    ...emergencyFromRow(row),
    ...extensionFromRow(row),
  };
  const approved = () => ({
    approvedAt: present(row.approvedAt, `approval time of ${row.id}`),
    claimUntil: present(row.claimUntil, `claim time of ${row.id}`),
  });
  switch (row.state) {
    case "pending":
      return {
        ...asked,
        state: row.state,
        ...(row.offer === null ? {} : { offer: offerFromRow(row.offer) }),
      };
    case "approved":
      return { ...asked, state: row.state, ...approved() };
    case "active":
      return {
        ...asked,
        state: row.state,
        ...approved(),
        startedAt: present(row.startedAt, `start of ${row.id}`),
        expiresAt: present(row.expiresAt, `end of window of ${row.id}`),
        ...(row.activeAt === null ? {} : { activeAt: row.activeAt }),
        ...(row.lookedAt === null ? {} : { lookedAt: row.lookedAt }),
      };
    case "denied":
    case "withdrawn":
    case "lapsed":
      return { ...asked, state: row.state, endedAt: present(row.endedAt, `end of ${row.id}`) };
    case "extended":
      return {
        ...asked,
        state: row.state,
        approvedAt: present(row.approvedAt, `approval time of ${row.id}`),
        endedAt: present(row.endedAt, `end of ${row.id}`),
      };
    case "ended":
      return {
        ...asked,
        state: row.state,
        ...approved(),
        ...(row.startedAt === null ? {} : { startedAt: row.startedAt }),
        ...(row.expiresAt === null ? {} : { expiresAt: row.expiresAt }),
        endedAt: present(row.endedAt, `end of ${row.id}`),
        endedBecause: present(row.endedBecause, `end reason of ${row.id}`),
      };
  }
}

function offerFromRow({ standIn, ...offer }: NonNullable<typeof requests.$inferSelect.offer>): Offer {
  const place = standIn && { delegation: standIn.delegation as DelegationId, principal: standIn.principal };
  return { ...offer, reason: offer.reason, ...(place === undefined ? {} : { standIn: place }) };
}

function stagesFromRow(row: typeof requests.$inferSelect): Stage[] {
  const old = row.approvalsNeeded === 0 ? [] : [{ from: row.approvers, count: row.approvalsNeeded }];
  return (row.stages ?? old).map(({ from, count }) => ({ from: from as Selector[], count }));
}

/** The stages, and what is looked up and shown without reading them. */
export function stagesToRow(stages: readonly Stage[]) {
  return {
    approvers: everyApprover(stages),
    approvalsNeeded: approvalsNeeded({ approval: { stages } }),
    stages: stages.map(({ from, count }) => ({ from: [...from], count })),
  };
}

export function requestToRow(request: Request, idempotencyKey: string | undefined): typeof requests.$inferInsert {
  return {
    id: request.id,
    requesterIssuer: request.requester.issuer,
    requesterSubject: request.requester.subject,
    requesterName: request.requester.name,
    requesterGroups: [...request.requester.groups],
    resource: request.resource,
    role: request.role,
    duration: request.duration,
    reason: request.reason ?? null,
    ticket: request.ticket ?? null,
    state: request.state,
    policy: request.policy,
    policyHash: request.policyHash ?? null,
    ...stagesToRow(request.stages),
    revision: request.revision,
    claimWithin: request.claimWithin,
    starts: request.starts,
    once: request.once,
    idleTimeout: request.idleTimeout ?? null,
    createdAt: request.createdAt,
    pendingUntil: request.pendingUntil,
    approvedAt: "approvedAt" in request ? request.approvedAt : null,
    claimUntil: "claimUntil" in request ? request.claimUntil : null,
    startedAt: "startedAt" in request ? (request.startedAt ?? null) : null,
    expiresAt: "expiresAt" in request ? (request.expiresAt ?? null) : null,
    dueAt: requestDue(request)?.at ?? null,
    idempotencyKey: idempotencyKey ?? null,
    ...emergencyToRow(request.emergency),
    ...extensionToRow(request),
  };
}

function emergencyFromRow({ emergency, review }: typeof requests.$inferSelect): { emergency?: Emergency } {
  if (emergency === null) return {};
  const { reviewers, notify, reviewBy } = emergency;
  const named = { reviewers: reviewers as Selector[], notify: notify as Selector[], reviewBy };
  return { emergency: review === null ? named : { ...named, review } };
}

function emergencyToRow(emergency: Emergency | undefined): Partial<typeof requests.$inferInsert> {
  if (emergency === undefined) return {};
  const { reviewers, notify, reviewBy } = emergency;
  return { emergency: { reviewers: [...reviewers], notify: [...notify], reviewBy }, reviewDueAt: reviewBy };
}

export function leaseFromRow(row: typeof leases.$inferSelect): Lease {
  const planned = {
    id: row.id as LeaseId,
    resource: row.resource,
    kind: row.kind,
    use: row.use,
    handle: row.handle,
    handleText: row.handleText,
    epoch: row.epoch,
    createdAt: row.createdAt,
    createBy: row.createBy,
    ...(row.createdOnTarget === null ? {} : { createdOnTarget: row.createdOnTarget }),
    expiresAt: row.expiresAt,
    ...(row.targetExpiresAt === null ? {} : { targetExpiresAt: row.targetExpiresAt }),
  };
  const asked = () => ({
    requestId: present(row.requestId, `request of ${row.id}`) as RequestId,
    sessionId: present(row.sessionId, `session of ${row.id}`) as SessionId,
  });
  const attempts = {
    ...(row.requestId === null || row.sessionId === null ? {} : asked()),
    attempts: row.attempts,
    lastError: row.lastError ?? undefined,
    overdueSince: row.overdueSince ?? undefined,
  };
  const because = () => present(row.because, `reason of ${row.id}`) as RevokeReason;
  switch (row.state) {
    case "issuing":
      return { ...planned, ...asked(), state: row.state };
    case "active":
      return { ...planned, ...asked(), state: row.state, aliveUntil: present(row.aliveUntil, `liveness of ${row.id}`) };
    case "revoking":
      return {
        ...planned,
        ...attempts,
        state: row.state,
        because: because(),
        revokingSince: present(row.revokingSince, `start of revocation of ${row.id}`),
        nextAttempt: present(row.dueAt, `next attempt of ${row.id}`),
      };
    case "revoked":
      return {
        ...planned,
        ...attempts,
        state: row.state,
        because: because(),
        revokedAt: present(row.revokedAt, `proof of ${row.id}`),
      };
    case "abandoned":
      return { ...planned, ...attempts, state: row.state, because: because() };
  }
}

export function leaseToRow(lease: Lease, idempotencyKey: string | undefined): typeof leases.$inferInsert {
  return {
    id: lease.id,
    requestId: lease.requestId ?? null,
    sessionId: lease.sessionId ?? null,
    resource: lease.resource,
    kind: lease.kind,
    use: lease.use,
    handle: lease.handle,
    handleText: lease.handleText,
    state: lease.state,
    epoch: lease.epoch,
    createdAt: lease.createdAt,
    createBy: lease.createBy,
    createdOnTarget: lease.createdOnTarget ?? null,
    expiresAt: lease.expiresAt,
    aliveUntil: lease.state === "active" ? lease.aliveUntil : null,
    dueAt: leaseDue(lease) ?? null,
    idempotencyKey: idempotencyKey ?? null,
    ...(lease.state === "revoking" ? { because: lease.because, revokingSince: lease.revokingSince } : {}),
  };
}

export function signInFromRow(row: typeof signIns.$inferSelect): SignIn {
  return {
    id: row.id as SignInId,
    tokenHash: row.tokenHash,
    principal: {
      issuer: row.principalIssuer,
      subject: row.principalSubject,
      name: row.principalName,
      groups: row.principalGroups,
      ...(row.principalEmail === null ? {} : { verifiedEmail: row.principalEmail }),
    },
    host: row.host ?? undefined,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    endedAt: row.endedAt ?? undefined,
  };
}

export function approvalFromRow(row: typeof approvals.$inferSelect): Approval {
  return {
    requestId: row.requestId as RequestId,
    approver: { issuer: row.approverIssuer, subject: row.approverSubject, name: row.approverName },
    ...onBehalfFromRow(row),
    verdict: row.verdict,
    requestHash: row.requestHash ?? undefined,
    reason: row.reason ?? undefined,
    at: row.at,
  };
}

function onBehalfFromRow({
  onBehalfIssuer: issuer,
  onBehalfSubject: subject,
  onBehalfName: name,
  delegation,
}: typeof approvals.$inferSelect): Pick<Approval, "onBehalfOf" | "delegation"> {
  if (issuer === null || subject === null || name === null || delegation === null) return {};
  return { onBehalfOf: { issuer, subject, name }, delegation: delegation as DelegationId };
}

export function sessionFromRow(row: typeof sessions.$inferSelect): Session {
  return {
    id: row.id as SessionId,
    leaseId: row.leaseId as LeaseId,
    requestId: row.requestId as RequestId,
    command: row.command,
    host: row.host,
    startedAt: row.startedAt,
    ...(row.recording === null ? {} : { recording: row.recording }),
  };
}
