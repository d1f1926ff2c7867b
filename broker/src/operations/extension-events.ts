import { newId } from "@phi/shared/ids";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import { type Extension, extendedUntil } from "../domain/extension.js";
import type { Ask } from "../domain/policy/obstacle.js";
import { approvalsNeeded, everyApprover } from "../domain/policy/rule.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";

/** That somebody asked for more time, and that policy gave it at once where it did. */
export function extensionAsked(request: Request): [AuditEntry, ...AuditEntry[]] {
  const {
    id,
    requester,
    resource,
    role,
    duration,
    reason,
    ticket,
    policy,
    policyHash,
    stages,
    createdAt: at,
  } = request;
  const about = { at, resource, requestId: id };
  const asked = {
    role,
    duration,
    reason,
    ticket,
    ...(request.extends && windowData(request.extends, duration)),
    policy,
    ...(stages.length > 1 ? { stages } : {}),
    approvers: everyApprover(stages),
    approvalsNeeded: approvalsNeeded({ approval: request }),
    policyHash,
  };
  const created: AuditEntry = { ...about, id: newId("event"), kind: "request.created", actor: requester, data: asked };
  if (request.state !== "extended") return [created];
  return [created, { ...about, id: newId("event"), kind: "request.approved", data: { policy, policyHash } }];
}

export function extensionRefused(
  refused: {
    readonly principal: Principal;
    readonly ask: Ask;
    readonly duration: number;
    readonly extension: Extension;
    readonly because: string;
    readonly policyHash: string;
  },
  at: Instant,
): AuditEntry {
  const { principal, ask, duration, extension, because, policyHash } = refused;
  const { role, reason, ticket, resource } = ask;
  return {
    id: newId("event"),
    at,
    kind: "request.refused",
    actor: principal,
    resource,
    requestId: extension.of,
    data: { role, duration, reason, ticket, ...windowData(extension, duration), because, policyHash },
  };
}

function windowData(extension: Extension, duration: number) {
  return {
    extends: extension.of,
    from: toRfc3339(extension.from),
    until: toRfc3339(extendedUntil(extension, duration)),
  };
}
