import type { RequestOrder } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { approveAt } from "../domain/approve.js";
import type { Caller } from "../domain/caller.js";
import type { Ask } from "../domain/policy/obstacle.js";
import type { Decision } from "../domain/policy/policy.js";
import { explainRefusal, nextStep } from "../domain/policy/refusal-words.js";
import { approvalsNeeded, everyApprover } from "../domain/policy/rule.js";
import type { Request } from "../domain/request.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { FileRequest } from "./file-request.js";
import { findOffer } from "./find-offer.js";
import { createListResources } from "./list-resources.js";

interface Needs {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly fileRequest: FileRequest;
}

/**
 * Asks for a role on a resource. Policy decides at once: refused (thrown), allowed (the request is approved) or pending.
 * The same caller with the same `idempotencyKey` gets the request made before.
 *
 * @throws PhiError `resource_unknown`, `role_unknown`, `refused_by_policy`, `locked`, `invalid_input`, `usage`, `store_unavailable`
 */
export function createCreateRequest({ catalogue, clock, fileRequest }: Needs) {
  const listResources = createListResources({ catalogue, clock });

  return async function createRequest(caller: Caller, order: RequestOrder, idempotencyKey?: string): Promise<Request> {
    const { principal } = caller;
    const filing = { requester: principal, key: idempotencyKey, order };
    const before = await fileRequest.made(filing);
    if (before !== undefined) return before;
    const { duration, reason, ticket } = order;
    const ask: Ask = { ...findOffer(listResources(principal), order), duration, reason, ticket };
    const policy = catalogue.policy();
    const now = clock.now();
    const refused = { requester: principal, ask, at: now, policyHash: policy.hash };
    const decision = policy.decide(principal, ask, now);
    if (decision.decision === "refused") {
      const because = explainRefusal(decision, ask);
      await fileRequest.refuse(refused, because);
      throw new PhiError("refused_by_policy", because, {
        hint: nextStep(decision, ask),
        data: { because: decision.because },
      });
    }

    const request = plan(caller, ask, order, decision, { now, policyHash: policy.hash });
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
        ...(request.once ? { once: true } : {}),
        policy: request.policy,
        ...(request.stages.length > 1 ? { stages: request.stages } : {}),
        approvers: everyApprover(request.stages),
        approvalsNeeded: approvalsNeeded({ approval: request }),
        policyHash: policy.hash,
      },
    } as const;
    const own = { at: now, resource: request.resource, requestId: request.id };
    const approved = {
      ...own,
      id: newId("event"),
      kind: "request.approved",
      data: { policy: request.policy, policyHash: policy.hash },
    } as const;
    const started = { ...own, id: newId("event"), kind: "request.started", data: { starts: request.starts } } as const;
    return fileRequest.file(
      filing,
      request,
      request.state === "pending"
        ? [created]
        : request.state === "active"
          ? [created, approved, started]
          : [created, approved],
      refused,
    );
  };
}

function plan(
  caller: Caller,
  ask: Ask,
  order: RequestOrder,
  decision: Exclude<Decision, { decision: "refused" }>,
  { now, policyHash }: { readonly now: number; readonly policyHash: string },
): Request {
  const { rule } = decision;
  const stages = decision.decision === "needs_approval" ? decision.stages : [];
  const asked = {
    id: newId("request"),
    requester: caller.principal,
    resource: ask.resource,
    role: ask.role,
    duration: ask.duration,
    reason: order.reason,
    ticket: order.ticket,
    policy: rule.name,
    policyHash,
    stages,
    revision: 0,
    claimWithin: rule.claimWithin,
    starts: rule.starts,
    idleTimeout: rule.idleTimeout,
    once: order.once === true,
    createdAt: now,
    pendingUntil: now + rule.pendingFor * 1000,
    endComment: undefined,
  };
  if (decision.decision === "needs_approval") return { ...asked, state: "pending" };
  const { to, set } = approveAt({ ...asked }, now);
  return to === "approved" ? { ...asked, state: to, ...set } : { ...asked, state: to, ...set };
}
