import type { Step } from "../ports/change.js";
import { type CompiledStep, single } from "./compiled-step.js";
import { delegationToRow } from "./delegations.js";
import { compileLeaseStep } from "./lease-steps.js";
import { endLocked, isLocked, lockToRow } from "./lock-steps.js";
import { compileRecordingStep } from "./recording-steps.js";
import { compileRequestStep } from "./request-steps.js";
import { auditEvents } from "./schema/audit-events.js";
import { delegations } from "./schema/delegations.js";
import { locks } from "./schema/locks.js";
import { signIns, usedIdTokens } from "./schema/sign-ins.js";
import { insertIf, sql, updateIf } from "./sql.js";
import type { Statement } from "./statement.js";

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
    case "advance_request":
    case "insert_approval":
    case "end_idle":
    case "end_once":
    case "extend_window":
    case "insert_review":
    case "mark_review_overdue":
      return compileRequestStep(step, condition, follow);
    case "insert_lease":
    case "insert_found_lease":
    case "mark_overdue":
    case "advance_lease":
    case "settle_extension":
    case "revoke_leases_of":
    case "end_session":
      return compileLeaseStep(step, condition, follow);
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
