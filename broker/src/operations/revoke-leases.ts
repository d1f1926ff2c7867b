import { PhiError } from "@phi/shared/errors";
import { newId, type RequestId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import type { AuditEntry } from "../domain/audit-event.js";
import { type Lease, OVERDUE_AFTER } from "../domain/lease.js";
import { retryDelay } from "../domain/retry.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Outcome } from "../ports/provider.js";

/** A lease whose revocation this process has claimed: nobody else's epoch is newer. */
export type Claimed = Extract<Lease, { state: "revoking" }>;

/** A claim ends by itself after this, in ms: longer than any attempt may take. */
export const CLAIM_FOR = 90_000;
/** One attempt on one target, in ms. */
const ATTEMPT_WITHIN = 60_000;
/** After a drop that came before `createBy`, the next one, in ms after that instant. */
const AFTER_CREATE_BY = 500;

export interface RevokeLeases {
  /** One attempt for claimed leases of one resource. Resolves with the ids that are proven revoked; never rejects for the target's sake. */
  claimed(leases: readonly Claimed[]): Promise<Set<string>>;
  /** Claims and tries every lease of the request that is in revocation; waits for the one attempt. */
  ofRequest(request: RequestId): Promise<void>;
}

interface Needs {
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** A random number in [0, 1). */
  readonly random: () => number;
}

/**
 * The end of every lease. The provider denies, kills, cleans, drops and verifies; only its proof moves a lease to `revoked`,
 * and only when the drop came after `createBy`. Whatever else it answers, there is a next attempt.
 */
export function createRevokeLeases({ ledger, catalogue, clock, random }: Needs): RevokeLeases {
  async function claimed(leases: readonly Claimed[]): Promise<Set<string>> {
    const [first] = leases;
    const done = new Set<string>();
    if (first === undefined) return done;
    const outcomes = await attempt(first.resource, leases);
    await Promise.all(
      leases.map(async (lease, index) => {
        const outcome = outcomes[index] ?? failed("other", "the provider gave no answer");
        if (await settle(lease, outcome)) done.add(lease.id);
      }),
    );
    return done;
  }

  async function attempt(resourceName: string, leases: readonly Claimed[]): Promise<readonly Outcome[]> {
    const resource = catalogue.resource(resourceName);
    const provider = resource && catalogue.provider(resource.kind);
    if (resource === undefined || provider === undefined || leases.some((lease) => lease.kind !== resource.kind)) {
      return leases.map(() =>
        failed("permission", `${resourceName} is no longer configured as it was, so phi cannot reach it`),
      );
    }
    try {
      const revocations = leases.map((lease) => ({
        handle: lease.handle,
        // The target compares with its own clock; a create that is known to be over has nothing to wait for.
        createBy: lease.createdOnTarget === undefined ? lease.createBy : 0,
      }));
      return await provider.revoke(resource.config, revocations, AbortSignal.timeout(ATTEMPT_WITHIN));
    } catch (error) {
      const message = error instanceof PhiError ? error.message : "the provider failed";
      return leases.map(() => failed("connection", printable(message, 200)));
    }
  }

  /** Records what came of one attempt; `true` when it is proven. */
  async function settle(lease: Claimed, outcome: Outcome): Promise<boolean> {
    const now = clock.now();
    const about = {
      at: now,
      resource: lease.resource,
      requestId: lease.requestId,
      leaseId: lease.id,
      sessionId: lease.sessionId,
    };
    const advance = { do: "advance_lease", id: lease.id, from: "revoking", epoch: lease.epoch, claim: false } as const;
    const event = (kind: AuditEntry["kind"], data: Record<string, unknown>): AuditEntry => ({
      ...about,
      id: newId("event"),
      kind,
      data: { handle: lease.handleText, because: lease.because, ...data },
    });

    if (outcome.outcome === "revoked" && outcome.droppedAfterCreateBy) {
      const lateMs = Math.max(0, now - lease.revokingSince);
      const moved = await ledger.commit({
        guard: { ...advance, move: { to: "revoked", dueAt: null, revokedAt: now, lastError: null } },
        events: [
          event("lease.revoked", { sessionsEnded: outcome.sessionsEnded, lateMs, attempts: lease.attempts + 1 }),
        ],
      });
      return moved === "moved";
    }
    if (outcome.outcome === "revoked") {
      // Gone now, but a create that is still on its way could bring it back until createBy: dropped again after it.
      await ledger.claim({
        id: lease.id,
        epoch: lease.epoch,
        until: Math.max(lease.createBy + AFTER_CREATE_BY, now + AFTER_CREATE_BY),
      });
      return false;
    }
    const attempts = lease.attempts + 1;
    const next = now + retryDelay(attempts, outcome.class, random());
    const overdue = lease.overdueSince === undefined && now - lease.revokingSince >= OVERDUE_AFTER;
    const failure = event("lease.revocation_failed", {
      attempts,
      step: outcome.step,
      error: outcome.message,
      fenced: outcome.fenced,
      nextAttempt: new Date(next).toISOString(),
    });
    await ledger.commit({
      guard: {
        ...advance,
        move: {
          to: "revoking",
          dueAt: next,
          attempts,
          lastError: outcome.message,
          ...(overdue ? { overdueSince: lease.revokingSince } : {}),
        },
      },
      events: overdue
        ? [failure, event("lease.overdue", { since: new Date(lease.revokingSince).toISOString() })]
        : [failure],
    });
    return false;
  }

  return {
    claimed,
    async ofRequest(request) {
      const unended = (await ledger.leasesOf([request])).filter((lease) => lease.state === "revoking");
      const mine: Claimed[] = [];
      for (const lease of unended) {
        const claim = { id: lease.id, epoch: lease.epoch, until: clock.now() + CLAIM_FOR };
        if ((await ledger.claim(claim)) === "moved")
          mine.push({ ...lease, epoch: lease.epoch + 1, nextAttempt: claim.until });
      }
      await claimed(mine);
    },
  };
}

function failed(kind: "connection" | "permission" | "other", message: string): Outcome {
  return { outcome: "failed", step: "connect", class: kind, message, fenced: false };
}
