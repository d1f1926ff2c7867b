import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import { toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import { type Claimed, lateCreateUntil, settle } from "../domain/lease-moves.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Measures } from "../ports/measures.js";
import type { Outcome } from "../ports/provider.js";
import { keepingClaims } from "./keep-claims.js";
import type { AttemptBatch } from "./revocation-lanes.js";

/** One attempt on one target, in ms. */
const ATTEMPT_WITHIN = 60_000;
/** An attempt whose only purpose is to learn whether the target answers again, in ms. */
const PROBE_WITHIN = 15_000;

interface Needs {
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** A random number in [0, 1). */
  readonly random: () => number;
  readonly measures: Measures;
  /** Attempts that still hang then are cut off; the next broker tries again. */
  readonly stopping: AbortSignal;
}

/**
 * One attempt for claimed leases of one resource. The provider denies, kills, cleans, drops and verifies; only its proof moves a lease
 * to `revoked`, and only when the drop came after `createBy`. Whatever else it answers, there is a next attempt.
 */
export function createAttemptRevocation({ ledger, catalogue, clock, random, measures, stopping }: Needs): AttemptBatch {
  return async (resource, leases, context) => {
    const within = context.probe ? PROBE_WITHIN : ATTEMPT_WITHIN;
    const outcomes = await keepingClaims({ ledger, clock }, leases, () => ask(resource, leases, within));
    const silent = outcomes.every((outcome) => outcome.outcome === "failed" && outcome.class === "connection");
    const probeAt = silent ? context.unanswered() : undefined;
    const proven = new Set<string>();
    await Promise.all(
      leases.map(async (lease, index) => {
        const outcome = outcomes[index] ?? failed("other", "the provider gave no answer");
        if (await record(lease, outcome, probeAt)) proven.add(lease.id);
      }),
    );
    return { proven, answered: !silent };
  };

  async function ask(resourceName: string, leases: readonly Claimed[], within: number): Promise<readonly Outcome[]> {
    const resource = catalogue.resource(resourceName);
    const provider = resource && catalogue.provider(resource.kind);
    if (resource === undefined || provider === undefined || leases.some((lease) => lease.kind !== resource.kind)) {
      return leases.map(() =>
        failed("permission", `${resourceName} is no longer configured as it was, so phi cannot reach it`),
      );
    }
    try {
      const revocations = leases.map((lease) => ({ handle: lease.handle, createBy: lateCreateUntil(lease) }));
      return await provider.revoke(
        resource.config,
        revocations,
        AbortSignal.any([AbortSignal.timeout(within), stopping]),
      );
    } catch (error) {
      const message = error instanceof PhiError ? error.message : "the provider failed";
      return leases.map(() => failed("connection", printable(message, 200)));
    }
  }

  /** Records what came of one attempt; `true` when it is proven. */
  async function record(lease: Claimed, outcome: Outcome, probeAt: number | undefined): Promise<boolean> {
    const now = clock.now();
    const result =
      outcome.outcome === "revoked"
        ? { gone: true as const, droppedAfterCreateBy: outcome.droppedAfterCreateBy }
        : { gone: false as const, class: outcome.class, message: outcome.message };
    const settlement = settle(lease, result, now, random(), probeAt);
    if (settlement.came === "drop_again") {
      measures.revocation("drop_again");
      await ledger.shift(settlement);
      return false;
    }
    const lateMs = Math.max(0, now - lease.revokingSince);
    const event: AuditEntry = {
      id: newId("event"),
      at: now,
      kind: outcome.outcome === "revoked" ? "lease.revoked" : "lease.revocation_failed",
      resource: lease.resource,
      requestId: lease.requestId,
      leaseId: lease.id,
      sessionId: lease.sessionId,
      data: {
        handle: lease.handleText,
        because: lease.because,
        attempts: lease.attempts + 1,
        ...(outcome.outcome === "revoked"
          ? { sessionsEnded: outcome.sessionsEnded, lateMs }
          : {
              step: outcome.step,
              error: outcome.message,
              fenced: outcome.fenced,
              nextAttempt: toRfc3339(settlement.move.dueAt ?? now),
            }),
      },
    };
    const moved = await ledger.commit({ guard: { do: "advance_lease", advance: settlement }, events: [event] });
    if (moved !== "moved") return false;
    measures.revocation(outcome.outcome, outcome.outcome === "revoked" ? lateMs : undefined);
    return settlement.came === "proven";
  }
}

function failed(kind: "connection" | "permission" | "other", message: string): Outcome {
  return { outcome: "failed", step: "connect", class: kind, message, fenced: false };
}
