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
import type { FileRequest } from "./file-request.js";
import { findOffer } from "./find-offer.js";
import { createListResources } from "./list-resources.js";

interface Needs {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly fileRequest: FileRequest;
}

/**
 * Access without an approval, because it is an emergency and policy has a clause for it: granted at once, the window begins now, everyone
 * named is told, and somebody else must review it afterwards. The same caller with the same `idempotencyKey` gets the request made before.
 *
 * @throws PhiError `resource_unknown`, `role_unknown`, `refused_by_policy`, `locked`, `invalid_input`, `usage`
 */
export function createAskInEmergency({ catalogue, clock, fileRequest }: Needs) {
  const listResources = createListResources({ catalogue, clock });

  return async function askInEmergency(caller: Caller, order: RequestOrder, idempotencyKey?: string): Promise<Request> {
    const { principal } = caller;
    const filing = { requester: principal, key: idempotencyKey, order };
    const before = await fileRequest.made(filing);
    if (before !== undefined) return before;
    const { duration, reason, ticket } = order;
    const ask: Ask = { ...findOffer(listResources(principal), order), duration, reason, ticket };
    const policy = catalogue.policy();
    const now = clock.now();
    const refused = { requester: principal, ask, at: now, policyHash: policy.hash, marks: { emergency: true } };
    const decision = decideEmergency(policy, principal, ask, now);
    if (decision.decision === "refused") {
      await fileRequest.refuse(refused, decision.sentence);
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
      idleTimeout: rule.idleTimeout,
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
    return fileRequest.file(
      filing,
      request,
      [
        event("request.created", { ...asked, emergency: true }),
        event("request.emergency", { ...asked, ...told }),
        event("request.started", { starts: "approval", expiresAt: toRfc3339(expiresAt) }),
      ],
      refused,
    );
  };
}
