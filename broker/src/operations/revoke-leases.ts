import { PhiError } from "@phi/shared/errors";
import { newId, type RequestId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import { toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import { type Claimed, lateCreateUntil, settle, takeOver } from "../domain/lease-moves.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Outcome } from "../ports/provider.js";

/** One attempt on one target, in ms. */
const ATTEMPT_WITHIN = 60_000;
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
        if (await record(lease, outcome)) done.add(lease.id);
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
        createBy: lateCreateUntil(lease),
      }));
      return await provider.revoke(resource.config, revocations, AbortSignal.timeout(ATTEMPT_WITHIN));
    } catch (error) {
      const message = error instanceof PhiError ? error.message : "the provider failed";
      return leases.map(() => failed("connection", printable(message, 200)));
    }
  }

  /** Records what came of one attempt; `true` when it is proven. */
  async function record(lease: Claimed, outcome: Outcome): Promise<boolean> {
    const now = clock.now();
    const result =
      outcome.outcome === "revoked"
        ? { gone: true as const, droppedAfterCreateBy: outcome.droppedAfterCreateBy }
        : { gone: false as const, class: outcome.class, message: outcome.message };
    const settlement = settle(lease, result, now, random());
    if (settlement.came === "drop_again") {
      await ledger.shift(settlement);
      return false;
    }
    const event = (kind: AuditEntry["kind"], data: Record<string, unknown>): AuditEntry => ({
      id: newId("event"),
      at: now,
      kind,
      resource: lease.resource,
      requestId: lease.requestId,
      leaseId: lease.id,
      sessionId: lease.sessionId,
      data: { handle: lease.handleText, because: lease.because, ...data },
    });
    const first =
      outcome.outcome === "revoked"
        ? event("lease.revoked", {
            sessionsEnded: outcome.sessionsEnded,
            lateMs: Math.max(0, now - lease.revokingSince),
            attempts: lease.attempts + 1,
          })
        : event("lease.revocation_failed", {
            attempts: lease.attempts + 1,
            step: outcome.step,
            error: outcome.message,
            fenced: outcome.fenced,
            nextAttempt: toRfc3339(settlement.move.dueAt ?? now),
          });
    const moved = await ledger.commit({
      guard: { do: "advance_lease", advance: settlement },
      events: settlement.overdue ? [first, event("lease.overdue", { since: toRfc3339(lease.revokingSince) })] : [first],
    });
    return moved === "moved" && settlement.came === "proven";
  }

  return {
    claimed,
    async ofRequest(request) {
      const unended = (await ledger.leasesOf([request])).filter((lease) => lease.state === "revoking");
      const mine: Claimed[] = [];
      for (const lease of unended) {
        const take = takeOver(lease, clock.now());
        if ((await ledger.shift(take)) === "moved") mine.push(take.claimed);
      }
      await claimed(mine);
    },
  };
}

function failed(kind: "connection" | "permission" | "other", message: string): Outcome {
  return { outcome: "failed", step: "connect", class: kind, message, fenced: false };
}
