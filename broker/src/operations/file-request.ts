import { createHash } from "node:crypto";
import { canonicalJson } from "@phi/shared/audit/canonical-json";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Ask } from "../domain/policy/obstacle.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import { lockedOut } from "./locked-out.js";

/** An order as it came in, whatever it is for. */
export interface Filing {
  readonly requester: Principal;
  /** The caller's word for this one order; absent: each call is a new one. */
  readonly key: string | undefined;
  /** All that was asked, as it was asked. With the key it stands for one request: the same key with another order is a mistake. */
  readonly order: Readonly<Record<string, unknown>>;
}

/** What the record says when it is refused. */
export interface Refused {
  readonly requester: Principal;
  readonly ask: Ask;
  readonly at: Instant;
  readonly policyHash: string;
  /** What the event says besides. */
  readonly marks?: Readonly<Record<string, unknown>>;
}

export interface FileRequest {
  /**
   * The request that this order made when it came before, by its key.
   *
   * @throws PhiError `invalid_input` when the key was used for another order
   */
  made(filing: Filing): Promise<Request | undefined>;
  /** Puts a refusal on record. */
  refuse(refused: Refused, because: string): Promise<void>;
  /**
   * Commits a new request with its events. Of two calls with one key at once both get the request of one of them.
   *
   * @throws PhiError `locked` (on record as a refusal), `invalid_input`, `wrong_state`, `store_unavailable`
   */
  file(
    filing: Filing,
    request: Request,
    events: readonly [AuditEntry, ...AuditEntry[]],
    refused: Refused,
  ): Promise<Request>;
}

/** The end that every way of asking has: a new request gets onto the record once, or does not for a reason that is on record. */
export function createFileRequest({
  ledger,
  locks,
}: {
  readonly ledger: Pick<Ledger, "commit" | "record" | "requestByKey">;
  readonly locks: Locks;
}): FileRequest {
  async function made({ requester, key, order }: Filing): Promise<Request | undefined> {
    if (key === undefined) return undefined;
    const before = await ledger.requestByKey(requester, key);
    if (before === undefined) return undefined;
    if (before.orderHash === orderHash(order)) return before.request;
    throw new PhiError("invalid_input", "This Idempotency-Key was used for another request.", {
      hint: "Use a new key for a new request.",
      data: { request: before.request.id },
    });
  }

  async function refuse({ requester, ask, at, policyHash, marks = {} }: Refused, because: string): Promise<void> {
    const { resource, role, duration, reason, ticket } = ask;
    await ledger.record({
      id: newId("event"),
      at,
      kind: "request.refused",
      actor: requester,
      resource,
      data: { role, duration, reason, ticket, because, ...marks, policyHash },
    });
  }

  /** Nothing but a lock keeps a new request out; it wins over an emergency too. */
  async function lockedMeanwhile(refused: Refused): Promise<PhiError> {
    const lock = await locks.on({ principal: refused.requester, resource: refused.ask.resource });
    if (lock === undefined)
      return new PhiError("wrong_state", "It was locked just now, and is not any more.", { hint: "Try again." });
    const error = lockedOut(lock);
    await refuse(refused, error.message);
    return error;
  }

  return {
    made,
    refuse,
    async file(filing, request, events, refused) {
      const { key } = filing;
      try {
        const outcome = await ledger.commit({
          guard: {
            do: "insert_request",
            request,
            idempotencyKey: key,
            ...withOrder(filing),
          },
          events,
        });
        if (outcome === "lost_race") throw await lockedMeanwhile(refused);
        return request;
      } catch (error) {
        // Two calls with one key at once: the other one made it.
        const other = error instanceof PhiError && error.data?.conflict === true ? await made(filing) : undefined;
        if (other === undefined) throw error;
        return other;
      }
    },
  };
}

/** What is kept of the order that came with a key. */
export function withOrder({ key, order }: Filing): { readonly orderHash?: string } {
  return key === undefined ? {} : { orderHash: orderHash(order) };
}

/** What is left out and what is `false` say the same. */
function orderHash(order: Filing["order"]): string {
  const said = Object.fromEntries(Object.entries(order).filter(([, value]) => value !== false));
  return createHash("sha256").update(canonicalJson(said)).digest("hex");
}
