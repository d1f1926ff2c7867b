import type { RequestOrder } from "@phi/shared/contract/request";
import { formatDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { nearest } from "@phi/shared/text";
import type { Caller } from "../domain/caller.js";
import { type Ask, type Decision, decide, explainRefusal } from "../domain/policy.js";
import type { Request } from "../domain/request.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import { createListResources, type Offer } from "./list-resources.js";

interface Needs {
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
}

/**
 * Asks for a role on a resource. Policy decides at once: refused (thrown), allowed (the request is approved) or pending.
 * The same caller with the same `idempotencyKey` gets the request made before.
 *
 * @throws PhiError `resource_unknown`, `role_unknown`, `refused_by_policy`, `invalid_input`, `usage`, `store_unavailable`
 */
export function createCreateRequest({ ledger, catalogue, clock }: Needs) {
  const listResources = createListResources({ catalogue });

  return async function createRequest(caller: Caller, order: RequestOrder, idempotencyKey?: string): Promise<Request> {
    const { principal } = caller;
    if (idempotencyKey !== undefined) {
      const before = await ledger.requestByKey(principal, idempotencyKey);
      if (before !== undefined) return sameOrder(before, order);
    }
    const offers = listResources(principal);
    const offer = findOffer(offers, order.resource);
    const ask: Ask = {
      resource: offer.resource.name,
      role: findRole(offer, order.role),
      duration: order.duration,
      reason: order.reason,
    };
    const decision = decide(catalogue.rules, principal, ask);
    const now = clock.now();
    if (decision.decision === "refused") {
      const because = explainRefusal(decision, ask);
      await ledger.record({
        id: newId("event"),
        at: now,
        kind: "request.refused",
        actor: principal,
        resource: ask.resource,
        data: { role: ask.role, duration: ask.duration, reason: order.reason, ticket: order.ticket, because },
      });
      throw new PhiError("refused_by_policy", because, {
        hint: nextStep(decision, order),
        data: { because: decision.because },
      });
    }

    const request = plan(caller, ask, order, decision, now);
    const created = {
      id: newId("event"),
      at: now,
      kind: "request.created",
      actor: principal,
      resource: request.resource,
      requestId: request.id,
      data: {
        role: request.role,
        duration: request.duration,
        reason: request.reason,
        ticket: request.ticket,
        policy: request.policy,
        approvers: request.approvers,
        approvalsNeeded: request.approvalsNeeded,
      },
    } as const;
    const own = { at: now, resource: request.resource, requestId: request.id };
    const approved = {
      ...own,
      id: newId("event"),
      kind: "request.approved",
      data: { policy: request.policy },
    } as const;
    const started = { ...own, id: newId("event"), kind: "request.started", data: { starts: request.starts } } as const;
    try {
      await ledger.commit({
        guard: { do: "insert_request", request, idempotencyKey },
        events:
          request.state === "pending"
            ? [created]
            : request.state === "active"
              ? [created, approved, started]
              : [created, approved],
      });
    } catch (error) {
      // Two calls with one key at once: the other one made it.
      if (!(error instanceof PhiError) || error.data?.conflict !== true || idempotencyKey === undefined) throw error;
      const other = await ledger.requestByKey(principal, idempotencyKey);
      if (other === undefined) throw error;
      return sameOrder(other, order);
    }
    return request;
  };
}

function plan(
  caller: Caller,
  ask: Ask,
  order: RequestOrder,
  decision: Exclude<Decision, { decision: "refused" }>,
  now: number,
): Request {
  const { rule } = decision;
  const asked = {
    id: newId("request"),
    requester: caller.principal,
    resource: ask.resource,
    role: ask.role,
    duration: ask.duration,
    reason: order.reason,
    ticket: order.ticket,
    policy: rule.name,
    approvers: decision.decision === "needs_approval" ? decision.from : [],
    approvalsNeeded: decision.decision === "needs_approval" ? decision.count : 0,
    claimWithin: rule.claimWithin,
    starts: rule.starts,
    createdAt: now,
    pendingUntil: now + rule.pendingFor * 1000,
    endComment: undefined,
  };
  if (decision.decision === "needs_approval") return { ...asked, state: "pending" };
  const approved = { approvedAt: now, claimUntil: now + rule.claimWithin * 1000 };
  return rule.starts === "first_use"
    ? { ...asked, state: "approved", ...approved }
    : { ...asked, state: "active", ...approved, startedAt: now, expiresAt: now + ask.duration * 1000 };
}

function findOffer(offers: readonly Offer[], name: string): Offer {
  const offer = offers.find((one) => one.resource.name === name);
  if (offer !== undefined) return offer;
  const meant = nearest(
    name,
    offers.map((one) => one.resource.name),
  );
  throw new PhiError("resource_unknown", `There is no resource "${name}" that you may ask for.`, {
    hint: meant === undefined ? "phi resources" : `Did you mean ${meant}? All that you may ask for: phi resources`,
    data: { nearest: meant },
  });
}

function findRole(offer: Offer, name: string | undefined): string {
  const names = offer.roles.map((one) => one.role);
  const [only] = names;
  if (name === undefined) {
    if (names.length === 1 && only !== undefined) return only;
    throw new PhiError("usage", `${offer.resource.name} has several roles: ${names.join(", ")}.`, {
      hint: `Add --role ${only}`,
      data: { roles: names },
    });
  }
  if (names.includes(name)) return name;
  const meant = nearest(name, names);
  throw new PhiError(
    "role_unknown",
    `${offer.resource.name} has no role "${name}" that you may ask for; it has ${names.join(", ")}.`,
    {
      hint: meant === undefined ? `Add --role ${only}` : `Did you mean --role ${meant}?`,
      data: { roles: names, nearest: meant },
    },
  );
}

function nextStep(decision: Extract<Decision, { decision: "refused" }>, order: RequestOrder): string {
  switch (decision.because) {
    case "not_eligible":
      return "phi resources lists what you may ask for.";
    case "too_long":
      return `Ask for less: --for ${formatDuration(decision.longest)}`;
    case "reason_missing":
      return `Add --reason "why you need ${order.resource}"`;
    case "nobody_can_approve":
      return "Ask whoever keeps the policy to name another approver.";
  }
}

function sameOrder(before: Request, order: RequestOrder): Request {
  if (before.resource === order.resource && before.duration === order.duration && before.reason === order.reason)
    return before;
  throw new PhiError("invalid_input", "This Idempotency-Key was used for another request.", {
    hint: "Use a new key for a new request.",
  });
}
