import { UNUSED } from "../domain/lease.js";
import type { LeaseAdvance } from "../domain/lease-moves.js";
import type { Step } from "../ports/change.js";
import { type CompiledStep, single } from "./compiled-step.js";
import { settleExtension } from "./extension-steps.js";
import { isLocked } from "./lock-steps.js";
import { leaseToRow } from "./rows.js";
import { auditEvents } from "./schema/audit-events.js";
import { leases } from "./schema/leases.js";
import { requests } from "./schema/requests.js";
import { sessions } from "./schema/sessions.js";
import { insertIf, isInstant, sql, updateIf } from "./sql.js";
import type { Statement } from "./statement.js";

/** A lease of the request in whose condition this stands was, or may be, used. */
const isUsedOnce = sql`exists (select 1 from ${leases} where ${leases.requestId} = ${requests.id}
  and (${leases.because} is null or ${leases.because} not in (select value from json_each(${JSON.stringify(UNUSED)}))))`;

export type LeaseStep = Extract<
  Step,
  {
    do:
      | "insert_lease"
      | "insert_found_lease"
      | "mark_overdue"
      | "advance_lease"
      | "settle_extension"
      | "revoke_leases_of"
      | "end_session";
  }
>;

/** Steps of leases and of the sessions under them. */
export function compileLeaseStep(step: LeaseStep, condition: Statement, follow: Statement): CompiledStep {
  switch (step.do) {
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
    case "settle_extension":
      return single(settleExtension(step.id, step.until, condition));
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
  }
}

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
      and ${expiresAt === undefined ? sql`1` : isInstant(leases.expiresAt, expiresAt)} and ${condition}`,
  );
}
