import type { RequestOrder } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Caller } from "../domain/caller.js";
import { decideEmergency } from "../domain/policy/emergency.js";
import type { Ask } from "../domain/policy/obstacle.js";
import type { Request } from "../domain/request.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import { findOffer } from "./find-offer.js";
import { createListResources } from "./list-resources.js";
import { lockedOut } from "./locked-out.js";

interface Needs {
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly locks: Locks;
  readonly clock: Clock;
}

/**
 * Access without an approval, because it is an emergency and policy has a clause for it: granted at once, the window begins now, everyone
 * named is told, and somebody else must review it afterwards. The same caller with the same `idempotencyKey` gets the request made before.
 *
 * @throws PhiError `resource_unknown`, `role_unknown`, `refused_by_policy`, `locked`, `invalid_input`, `usage`
 */
export function createAskInEmergency({ ledger, catalogue, locks, clock }: Needs) {
  const listResources = createListResources({ catalogue, clock });

  return async function askInEmergency(caller: Caller, order: RequestOrder, idempotencyKey?: string): Promise<Request> {
    const { principal } = caller;
    const before = idempotencyKey === undefined ? undefined : await ledger.requestByKey(principal, idempotencyKey);
    if (before !== undefined) return sameEmergency(before, order);
    const { duration, reason, ticket } = order;
    const ask: Ask = { ...findOffer(listResources(principal), order), duration, reason, ticket };
    const policy = catalogue.policy();
    const now = clock.now();
    const decision = decideEmergency(policy, principal, ask, now);
    if (decision.decision === "refused") {
      await recordRefusal(decision.sentence);
      throw new PhiError("refused_by_policy", decision.sentence, {
        hint: decision.hint,
        data: { because: decision.because },
      });
    }
    const { rule, clause } = decision;
    const expiresAt = now + duration * 1_000;
    const emergency = {
      reviewers: clause.reviewers,
      notify: clause.notify,
      reviewBy: expiresAt + clause.reviewWithin * 1_000,
    };
    const request: Request = {
      id: newId("request"),
      requester: principal,
      resource: ask.resource,
      role: ask.role,
      duration,
      reason,
      ticket,
      policy: rule.name,
      policyHash: policy.hash,
      stages: [],
      revision: 0,
      once: order.once === true,
      claimWithin: rule.claimWithin,
      starts: "approval",
      createdAt: now,
      pendingUntil: now,
      endComment: undefined,
      emergency,
      state: "active",
      approvedAt: now,
      claimUntil: expiresAt,
      startedAt: now,
      expiresAt,
    };
    const told = { reviewers: emergency.reviewers, notify: emergency.notify, reviewBy: toRfc3339(emergency.reviewBy) };
    const asked = {
      ...{ role: ask.role, duration, reason, ticket, policy: rule.name, policyHash: policy.hash },
      ...(request.once ? { once: true } : {}),
    };
    const event = (kind: AuditEntry["kind"], data: Record<string, unknown>): AuditEntry => ({
      id: newId("event"),
      at: now,
      kind,
      actor: principal,
      resource: request.resource,
      requestId: request.id,
      data,
    });
    try {
      const outcome = await ledger.commit({
        guard: { do: "insert_request", request, idempotencyKey },
        events: [
          event("request.created", { ...asked, emergency: true }),
          event("request.emergency", { ...asked, ...told }),
          event("request.started", { starts: "approval", expiresAt: toRfc3339(expiresAt) }),
        ],
      });
      if (outcome === "lost_race") throw await lockedMeanwhile();
    } catch (error) {
      // Two calls with one key at once: the other one made it.
      if (!(error instanceof PhiError) || error.data?.conflict !== true || idempotencyKey === undefined) throw error;
      const other = await ledger.requestByKey(principal, idempotencyKey);
      if (other === undefined) throw error;
      return sameEmergency(other, order);
    }
    return request;

    function recordRefusal(because: string): Promise<void> {
      return ledger.record({
        id: newId("event"),
        at: now,
        kind: "request.refused",
        actor: principal,
        resource: ask.resource,
        data: { role: ask.role, duration, reason, ticket, because, emergency: true, policyHash: policy.hash },
      });
    }

    /** Nothing but a lock keeps a new request out: it wins over an emergency too. */
    async function lockedMeanwhile(): Promise<PhiError> {
      const lock = await locks.on({ principal, resource: ask.resource });
      if (lock === undefined)
        return new PhiError("wrong_state", "It was locked just now, and is not any more.", { hint: "Try again." });
      const error = lockedOut(lock);
      await recordRefusal(error.message);
      return error;
    }
  };
}

function sameEmergency(before: Request, order: RequestOrder): Request {
  if (
    before.emergency !== undefined &&
    before.resource === order.resource &&
    before.duration === order.duration &&
    before.reason === order.reason
  )
    return before;
  throw new PhiError("invalid_input", "This Idempotency-Key was used for another request.", {
    hint: "Use a new key for a new request.",
  });
}
