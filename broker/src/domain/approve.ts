import { requestHash } from "@phi/shared/audit/request-hash";
import type { Instant } from "@phi/shared/time";
import { toRfc3339 } from "@phi/shared/time";
import { type ExtendedMove, extendAt, extendedUntil } from "./extension.js";
import type { Request } from "./request.js";

/** What the last yes that a request needs makes of it, as a move of the ledger. */
export type ApprovedMove =
  | {
      readonly to: "approved";
      readonly dueAt: Instant;
      readonly set: { readonly approvedAt: Instant; readonly claimUntil: Instant };
    }
  | {
      readonly to: "active";
      readonly dueAt: Instant;
      readonly set: {
        readonly approvedAt: Instant;
        readonly claimUntil: Instant;
        readonly startedAt: Instant;
        readonly expiresAt: Instant;
      };
    };

export function approveAt(request: Pick<Request, "starts" | "claimWithin" | "duration">, at: Instant): ApprovedMove {
  const claimUntil = at + request.claimWithin * 1000;
  if (request.starts === "first_use") return { to: "approved", dueAt: claimUntil, set: { approvedAt: at, claimUntil } };
  const expiresAt = at + request.duration * 1000;
  return { to: "active", dueAt: expiresAt, set: { approvedAt: at, claimUntil, startedAt: at, expiresAt } };
}

/** As {@link approveAt}, also for an extension. */
export function lastYesAt(
  request: Pick<Request, "starts" | "claimWithin" | "duration" | "extends">,
  at: Instant,
): ApprovedMove | ExtendedMove {
  return request.extends === undefined ? approveAt(request, at) : extendAt(at);
}

/** Hash of everything that an approver says yes to, as they were shown it. */
export function hashOf(request: Request): string {
  return requestHash({
    ...request,
    extends: request.extends && {
      request: request.extends.of,
      startedAt: toRfc3339(request.extends.startedAt),
      from: toRfc3339(request.extends.from),
      until: toRfc3339(extendedUntil(request.extends, request.duration)),
    },
    request: request.id,
    createdAt: toRfc3339(request.createdAt),
    pendingUntil: toRfc3339(request.pendingUntil),
  });
}
