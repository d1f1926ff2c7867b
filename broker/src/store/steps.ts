import { UNUSED } from "../domain/lease.js";
import type { LeaseAdvance } from "../domain/lease-moves.js";
import type { Principal } from "../domain/principal.js";
import type { Offer, Request } from "../domain/request.js";
import type { Step } from "../ports/ledger.js";
import { delegationToRow, isDelegated } from "./delegations.js";
import { extendWindow, lapseExtensions, noneIsPending, settleExtension, windowIs } from "./extension-steps.js";
import { endLocked, isLocked, lockToRow } from "./lock-steps.js";
import { compileRecordingStep } from "./recording-steps.js";
import { leaseToRow, requestToRow, stagesToRow } from "./rows.js";
import { approvals } from "./schema/approvals.js";
import { auditEvents } from "./schema/audit-events.js";
import { delegations } from "./schema/delegations.js";
import { leases } from "./schema/leases.js";
import { locks } from "./schema/locks.js";
import { requests } from "./schema/requests.js";
import { sessions } from "./schema/sessions.js";
import { signIns, usedIdTokens } from "./schema/sign-ins.js";
import { insertIf, sql, updateIf } from "./sql.js";
import type { Statement } from "./statement.js";

/**
 * What a step does, in SQL. `first` is the one statement that, as a guard, must change exactly one row; `rest` follows
 * only if it did. Each statement carries its condition, because all of them run in one batch whatever the guard did.
 */
export interface CompiledStep {
  readonly first: Statement;
  readonly rest: readonly Statement[];
}

/** Holds in the batch when the guard moved: the change's first event is there then, and only then. */
export function recorded(eventId: string): Statement {
  return sql`exists (select 1 from ${auditEvents} where ${auditEvents.id} = ${eventId})`;
}

/** @param condition what must hold besides the step's own; `recorded(…)` for all statements but a guard's first. */
export function compileStep(step: Step, condition: Statement, follow: Statement): CompiledStep {
  switch (step.do) {
    case "insert_sign_in": {
      const { signIn } = step;
      return {
        // The exchange of an ID token is the guard: the second one changes nothing.
        first: sql`${insertIf(usedIdTokens, { hash: step.idTokenHash, expiresAt: step.idTokenExpiresAt }, sql`not ${isLocked({ principal: signIn.principal })} and ${condition}`)} on conflict do nothing`,
        rest: [
          insertIf(
            signIns,
            {
              id: signIn.id,
              tokenHash: signIn.tokenHash,
              principalIssuer: signIn.principal.issuer,
              principalSubject: signIn.principal.subject,
              principalName: signIn.principal.name,
              principalGroups: [...signIn.principal.groups],
              principalEmail: signIn.principal.verifiedEmail ?? null,
              host: signIn.host ?? null,
              createdAt: signIn.createdAt,
              expiresAt: signIn.expiresAt,
            },
            follow,
          ),
          sql`delete from ${usedIdTokens} where ${usedIdTokens.expiresAt} < ${signIn.createdAt}`,
        ],
      };
    }
    case "end_sign_in":
      return single(
        updateIf(
          signIns,
          { endedAt: step.at },
          sql`${signIns.id} = ${step.id} and ${signIns.endedAt} is null and ${condition}`,
        ),
      );
    case "insert_request":
      return single(
        insertIf(
          requests,
          { ...requestToRow(step.request, step.idempotencyKey), orderHash: step.orderHash ?? null },
          sql`not ${isLocked({ principal: step.request.requester, resource: step.request.resource })} and ${mayExtend(step.request)} and ${condition}`,
        ),
      );
    case "advance_request": {
      const { require } = step;
      const { terms, offer, ...set } = step.set ?? {};
      const { stages, idleTimeout, ...renewed } = terms ?? {};
      return {
        first: updateIf(
          requests,
          {
            state: step.to,
            dueAt: step.dueAt,
            ...set,
            ...renewed,
            ...(terms === undefined ? {} : { idleTimeout: idleTimeout ?? null }),
            ...(stages === undefined ? {} : stagesToRow(stages)),
            ...(offer === undefined ? {} : { offer: offer && offerColumn(offer) }),
            ...(require === undefined || step.to !== "pending" ? {} : { revision: require.revision + 1 }),
          },
          sql`${requests.id} = ${step.id} and ${requests.state} = ${step.from} and ${
            require === undefined ? sql`1` : stillSo(step.id, require)
          } and ${step.endsAt === undefined ? sql`1` : sql`${requests.expiresAt} = ${step.endsAt}`} and ${condition}`,
        ),
        rest: step.to === "ended" ? lapseExtensions(step.id, follow) : [],
      };
    }
    case "insert_approval": {
      const { approval } = step;
      return single(
        insertIf(
          approvals,
          {
            requestId: approval.requestId,
            approverIssuer: approval.approver.issuer,
            approverSubject: approval.approver.subject,
            approverName: approval.approver.name,
            onBehalfIssuer: approval.onBehalfOf?.issuer ?? null,
            onBehalfSubject: approval.onBehalfOf?.subject ?? null,
            onBehalfName: approval.onBehalfOf?.name ?? null,
            delegation: approval.delegation ?? null,
            verdict: approval.verdict,
            requestHash: approval.requestHash ?? null,
            reason: approval.reason ?? null,
            at: approval.at,
          },
          // As a follower the guard has already moved the request on.
          condition === follow
            ? condition
            : sql`exists (select 1 from ${requests} where ${requests.id} = ${approval.requestId} and ${requests.state} = 'pending' and ${requests.revision} = ${step.revision}) and ${approvalsAre(approval.requestId, step.approvalsGiven)} and not ${isLocked({ principal: approval.approver })}
                and ${approval.delegation === undefined ? sql`1` : isDelegated(approval.delegation, approval.at)} and ${condition}`,
        ),
      );
    }
    case "insert_lease":
      return {
        first: insertIf(
          leases,
          leaseToRow(step.lease, step.idempotencyKey),
          sql`exists (select 1 from ${requests} where ${requests.id} = ${step.lease.requestId ?? null} and (
            (${requests.state} = 'approved' and ${requests.claimUntil} > ${step.at}) or
            (${requests.state} = 'active' and ${requests.expiresAt} > ${step.at} and ${requests.expiresAt} <= ${step.lease.expiresAt}))
            and (${requests.once} = 0 or not ${isUsedOnce})
            and not ${isLocked({ principal: { issuer: requests.requesterIssuer, subject: requests.requesterSubject }, resource: requests.resource })}) and ${condition}`,
        ),
        rest: [
          insertIf(
            sessions,
            {
              id: step.session.id,
              leaseId: step.session.leaseId,
              requestId: step.session.requestId,
              command: [...step.session.command],
              host: step.session.host,
              startedAt: step.session.startedAt,
              recording: step.session.recording,
            },
            follow,
          ),
        ],
      };
    case "end_idle":
      return {
        first: updateIf(
          requests,
          { state: "ended", endedAt: step.at, endedBecause: "idle", dueAt: null },
          sql`${requests.id} = ${step.requestId} and ${requests.state} = 'active' and coalesce(${requests.activeAt}, 0) <= ${step.activeAt}
            and not exists (select 1 from ${leases} where ${leases.requestId} = ${step.requestId} and ${leases.createdAt} > ${step.activeAt}) and ${condition}`,
        ),
        rest: lapseExtensions(step.requestId, follow),
      };
    case "end_once":
      return {
        first: updateIf(
          requests,
          { state: "ended", endedAt: step.at, endedBecause: "used_once", dueAt: null },
          sql`${requests.id} = ${step.requestId} and ${requests.once} = 1 and ${requests.state} = 'active' and ${condition}`,
        ),
        rest: lapseExtensions(step.requestId, follow),
      };
    case "extend_window":
      return extendWindow(step.extension, step.until, condition, follow);
    case "settle_extension":
      return single(settleExtension(step.id, step.until, condition));
    case "insert_found_lease":
      return single(
        insertIf(
          leases,
          leaseToRow(step.lease, undefined),
          sql`not exists (select 1 from ${leases} where ${leases.resource} = ${step.lease.resource} and ${leases.handleText} = ${step.lease.handleText}
            and ${leases.state} <> 'revoked') and ${condition}`,
        ),
      );
    case "mark_overdue":
      return single(
        updateIf(
          leases,
          { overdueSince: step.since },
          sql`${leases.id} = ${step.id} and ${leases.state} = 'revoking' and ${leases.overdueSince} is null and ${condition}`,
        ),
      );
    case "advance_lease":
      return single(advanceLease(step.advance, condition));
    case "revoke_leases_of": {
      const unended = sql`${leases.requestId} = ${step.requestId} and ${leases.state} in ('issuing', 'active')`;
      return {
        first: sql`insert into ${auditEvents} (id, at, kind, resource, request_id, lease_id, session_id, data)
          select 'evt_' || lower(hex(randomblob(8))), ${step.at}, 'lease.revoking', ${leases.resource}, ${leases.requestId}, ${leases.id},
            ${leases.sessionId}, json_object('because', ${step.because}, 'handle', ${leases.handleText})
          from ${leases} where ${unended} and ${condition}`,
        rest: [
          sql`update ${leases} set state = 'revoking', epoch = ${leases.epoch} + 1, because = ${step.because}, revoking_since = ${step.since},
            due_at = ${step.at} where ${unended} and ${follow}`,
        ],
      };
    }
    case "end_session":
      return single(
        updateIf(
          sessions,
          {
            endedAt: step.end.at,
            exitCode: step.end.exitCode ?? null,
            signal: step.end.signal ?? null,
            endedBecause: step.end.because,
          },
          sql`${sessions.id} = ${step.id} and ${sessions.endedAt} is null and ${condition}`,
        ),
      );
    case "append_chunk":
    case "close_recording":
    case "remove_recording":
      return compileRecordingStep(step, condition, follow);
    case "insert_delegation": {
      const { from, to } = step.delegation;
      return single(
        insertIf(
          delegations,
          delegationToRow(step.delegation),
          sql`not ${isLocked({ principal: from })} and not ${isLocked({ principal: to })} and ${condition}`,
        ),
      );
    }
    case "end_delegation":
      return single(
        updateIf(
          delegations,
          { endedAt: step.at },
          sql`${delegations.id} = ${step.id} and ${delegations.endedAt} is null and ${condition}`,
        ),
      );
    case "insert_review":
      return single(
        updateIf(
          requests,
          { review: { ...step.review, by: { ...step.review.by } }, reviewDueAt: null },
          sql`${requests.id} = ${step.id} and ${requests.state} = 'ended' and ${requests.emergency} is not null and ${requests.review} is null
            and not ${isLocked({ principal: step.review.by })} and ${condition}`,
        ),
      );
    case "mark_review_overdue":
      return single(
        updateIf(
          requests,
          { reviewDueAt: null },
          sql`${requests.id} = ${step.id} and ${requests.reviewDueAt} is not null and ${condition}`,
        ),
      );
    case "insert_lock": {
      const { target } = step.lock;
      return single(
        insertIf(
          locks,
          lockToRow(step.lock),
          sql`not ${isLocked(target.on === "principal" ? { principal: target.principal } : { resource: target.resource })} and ${condition}`,
        ),
      );
    }
    case "lift_lock":
      return single(
        updateIf(
          locks,
          { liftedAt: step.at },
          sql`${locks.id} = ${step.id} and ${locks.liftedAt} is null and ${condition}`,
        ),
      );
    case "end_locked":
      return endLocked(step.lock, condition);
  }
}

/** A lease of the request in whose condition this stands was, or may be, used. */
const isUsedOnce = sql`exists (select 1 from ${leases} where ${leases.requestId} = ${requests.id}
  and (${leases.because} is null or ${leases.because} not in (select value from json_each(${JSON.stringify(UNUSED)}))))`;

/** The compare-and-set of a lease. */
export function advanceLease(
  { id, from, epoch, claim, expiresAt, move }: LeaseAdvance,
  condition: Statement,
): Statement {
  const { to, ...values } = move;
  return updateIf(
    leases,
    { state: to, ...values, epoch: claim ? epoch + 1 : epoch },
    sql`${leases.id} = ${id} and ${leases.state} = ${from} and ${leases.epoch} = ${epoch}
      and ${expiresAt === undefined ? sql`1` : sql`${leases.expiresAt} = ${expiresAt}`} and ${condition}`,
  );
}

/** Whatever extends nothing is not asked. */
function mayExtend({ extends: extension, createdAt }: Request): Statement {
  return extension === undefined ? sql`1` : sql`${windowIs(extension, createdAt)} and ${noneIsPending(extension.of)}`;
}

function offerColumn({ standIn, ...offer }: Offer) {
  const place = standIn && { delegation: standIn.delegation, principal: personColumn(standIn.principal) };
  return { ...offer, by: personColumn(offer.by), ...(place === undefined ? {} : { standIn: place }) };
}

function personColumn({ issuer, subject, name, groups }: Principal) {
  return { issuer, subject, name, groups: [...groups] };
}

function single(first: Statement): CompiledStep {
  return { first, rest: [] };
}

/** What a decision was made of holds still. */
function stillSo(id: string, require: NonNullable<Extract<Step, { do: "advance_request" }>["require"]>): Statement {
  const unlocked = require.unlocked.reduce((all, principal) => sql`${all} and not ${isLocked({ principal })}`, sql`1`);
  return sql`${approvalsAre(id, require.approvalsGiven)} and ${requests.revision} = ${require.revision} and ${unlocked}
    and ${require.window === undefined ? sql`1` : windowIs(require.window.extension, require.window.at)}
    and ${require.delegation === undefined ? sql`1` : isDelegated(require.delegation.id, require.delegation.at)}`;
}

function approvalsAre(requestId: string, count: number): Statement {
  return sql`(select count(*) from ${approvals} where ${approvals.requestId} = ${requestId} and ${approvals.verdict} = 'approve') = ${count}`;
}
