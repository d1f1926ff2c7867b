import type { LeaseOrder } from "@phi/shared/contract/lease";
import { newId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import { toRfc3339 } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import type { AskedLease } from "../domain/lease.js";
import { activate, type Issuing } from "../domain/lease-moves.js";
import type { Request } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import { type Usable, windowOver } from "./find-usable-request.js";
import { leaseEvent } from "./lease-event.js";
import type { Target } from "./open-target.js";

/** How long a credential that must not be handed over any more is waited for while it is dropped, in ms. */
const DROP_WITHIN = 10_000;

export interface Activated {
  readonly lease: AskedLease;
  readonly request: Request;
  /** End of the window; `expiresInMs` is how far off it is by the broker's clock. */
  readonly expiresAt: number;
  readonly expiresInMs: number;
}

/**
 * The target has created what was planned. The secret may be handed over once this has moved; the request's window begins with its first
 * lease.
 *
 * @throws PhiError `window_over`: its revocation has begun meanwhile
 */
export function createActivateLease({ ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock }) {
  return async function activateLease(
    caller: Caller,
    request: Usable,
    target: Target,
    lease: Issuing,
    order: LeaseOrder,
  ): Promise<Activated> {
    const now = clock.now();
    const activation = activate(lease, now);
    const outcome = await ledger.commit({
      guard: { do: "advance_lease", advance: activation },
      // A window that has begun begins no second time.
      follow:
        request.state === "active"
          ? []
          : [
              {
                do: "advance_request",
                id: request.id,
                from: "approved",
                to: "active",
                dueAt: lease.expiresAt,
                set: { startedAt: lease.createdAt, expiresAt: lease.expiresAt },
                event: {
                  id: newId("event"),
                  at: now,
                  kind: "request.started",
                  actor: caller.principal,
                  resource: request.resource,
                  requestId: request.id,
                  data: { starts: "first_use", expiresAt: toRfc3339(lease.expiresAt) },
                },
              },
            ],
      events: [
        leaseEvent(
          lease,
          "lease.issued",
          now,
          {
            handle: lease.handleText,
            role: request.role,
            use: lease.use,
            tookMs: now - lease.createdAt,
          },
          caller,
        ),
        leaseEvent(
          lease,
          "session.started",
          now,
          {
            command: order.command.map((word) => printable(word, 1_000)),
            host: printable(order.host, 255),
          },
          caller,
        ),
      ],
    });
    if (outcome === "lost_race") {
      const current = await ledger.lease(lease.id);
      // Its window was extended meanwhile; the target follows.
      if (current?.state === "issuing" && current.expiresAt !== lease.expiresAt)
        return activateLease(caller, request, target, { ...lease, expiresAt: current.expiresAt }, order);
      // Its revocation has begun meanwhile, perhaps with a drop before our create landed: dropped at once, and again by its revoker.
      await target.provider.revoke(target.resource.config, [lease], AbortSignal.timeout(DROP_WITHIN)).catch(() => []);
      throw windowOver(request);
    }
    // Two first uses at once: the window is the one that the ledger took.
    const current = request.state === "active" ? request : await ledger.request(request.id);
    const expiresAt = current?.state === "active" ? Math.min(current.expiresAt, lease.expiresAt) : lease.expiresAt;
    return {
      lease: activation.active,
      request: current ?? request,
      expiresAt,
      expiresInMs: Math.max(0, expiresAt - clock.now()),
    };
  };
}
