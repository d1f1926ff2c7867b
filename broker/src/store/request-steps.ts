import type { Principal } from "../domain/principal.js";
import type { Offer, Request } from "../domain/request.js";
import type { Step } from "../ports/change.js";
import { type CompiledStep, single } from "./compiled-step.js";
import { isDelegated } from "./delegations.js";
import { extendWindow, lapseExtensions, noneIsPending, windowIs } from "./extension-steps.js";
import { isLocked } from "./lock-steps.js";
import { requestToRow, stagesToRow } from "./rows.js";
import { approvals } from "./schema/approvals.js";
import { leases } from "./schema/leases.js";
import { requests } from "./schema/requests.js";
import { insertIf, isInstant, sql, updateIf } from "./sql.js";
import type { Statement } from "./statement.js";

export type RequestStep = Extract<
  Step,
  {
    do:
      | "insert_request"
      | "advance_request"
      | "insert_approval"
      | "end_idle"
      | "end_once"
      | "extend_window"
      | "insert_review"
      | "mark_review_overdue";
  }
>;

/** Steps of requests, of their answers and of their reviews. */
export function compileRequestStep(step: RequestStep, condition: Statement, follow: Statement): CompiledStep {
  switch (step.do) {
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
          } and ${step.endsAt === undefined ? sql`1` : isInstant(requests.expiresAt, step.endsAt)} and ${condition}`,
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
  }
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
