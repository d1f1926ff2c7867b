import { PhiError } from "@phi/shared/errors";
import { newId, type RequestId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import { toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Active } from "../domain/lease-moves.js";
import { retryDelay } from "../domain/retry.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { EndOutcome } from "../ports/provider.js";
import { waitForProof } from "./wait-for-proof.js";

/** One call to one target, in ms. */
const CALL_WITHIN = 15_000;
/** Looked at in one pass; what is left is taken by the next. */
const BATCH = 250;

export interface FollowWindow {
  /** The targets of a window that was extended just now; waits for them a bounded time. Never rejects: what fails here the loop takes up. */
  ofRequest(request: RequestId): Promise<void>;
  /** Begins with everything that lags and whose turn it is; resolves when the ledger was read. */
  pass(): Promise<void>;
  /** Why the target did not take the later ends that it was told last; `undefined` when it did, or was told none. */
  trouble(resource: string): string | undefined;
  /** Resolves when no target is being worked on. */
  idle(): Promise<void>;
}

interface Needs {
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** A random number in [0, 1). */
  readonly random: () => number;
  readonly stopping: AbortSignal;
}

/**
 * A window was extended on record; now each target's own expiry of its credentials follows, and that it did is recorded. Whatever dies between
 * leaves a lease on record that lags, and lagging is tried for ever: in the meantime a target only lets nobody in who might come in. A target
 * is only ever told what the ledger says, so its expiry is never past the window's.
 */
export function createFollowWindow({ ledger, catalogue, clock, random, stopping }: Needs): FollowWindow {
  /** By resource: one call at a time, and after a failure its next turn. */
  const busy = new Map<string, Promise<void>>();
  const trouble = new Map<string, { readonly failures: number; readonly turn: number; readonly why?: string }>();

  async function follow(isMeant: (lease: Active) => boolean): Promise<Promise<void>[]> {
    const now = clock.now();
    const later = [...trouble].flatMap(([resource, { turn }]) => (now < turn ? [resource] : []));
    const lagging = (await ledger.laggingLeases(BATCH, [...busy.keys(), ...later])).filter(isMeant);
    return [...new Set(lagging.map(({ resource }) => resource))].map((resource) =>
      work(
        resource,
        lagging.filter((lease) => lease.resource === resource),
      ),
    );
  }

  function work(resource: string, leases: readonly Active[]): Promise<void> {
    const before = busy.get(resource);
    if (before !== undefined) return before;
    const now = move(resource, leases)
      .catch(() => undefined) // the store failed: it lags on, on record
      .finally(() => busy.delete(resource));
    busy.set(resource, now);
    return now;
  }

  async function move(resource: string, leases: readonly Active[]): Promise<void> {
    const outcomes = await ask(resource, leases);
    const failed = outcomes.find((outcome) => outcome.outcome === "failed");
    const failures = failed === undefined ? 0 : (trouble.get(resource)?.failures ?? 0) + 1;
    const { class: kind, message: why } = failed?.outcome === "failed" ? failed : { class: "other" as const };
    const turn = () => clock.now() + retryDelay(Math.max(1, failures), kind, random());
    if (outcomes.every(({ outcome }) => outcome === "moved")) trouble.delete(resource);
    else trouble.set(resource, { failures, turn: turn(), ...(why === undefined ? {} : { why }) });
    await Promise.all(
      leases.map((lease, index) => record(lease, outcomes[index] ?? unable("the provider gave no answer"), failures)),
    );
  }

  async function ask(name: string, leases: readonly Active[]): Promise<readonly EndOutcome[]> {
    const resource = catalogue.resource(name);
    const provider = resource && catalogue.provider(resource.kind);
    if (resource === undefined || provider === undefined)
      return leases.map(() => unable(`${name} is no longer configured, so phi cannot reach it`));
    const signal = AbortSignal.any([AbortSignal.timeout(CALL_WITHIN), stopping]);
    return provider.moveEnd(resource.config, leases, signal).catch((error: unknown) => {
      const message = error instanceof PhiError ? error.message : "the provider failed";
      return leases.map(() => unable(printable(message, 200)));
    });
  }

  /** What is gone is no failure of following: the sweep of the target finds that it was lost. */
  async function record(lease: Active, outcome: EndOutcome, failures: number): Promise<void> {
    if (outcome.outcome === "gone") return;
    const event = (kind: AuditEntry["kind"], data: Record<string, unknown>): AuditEntry => ({
      id: newId("event"),
      at: clock.now(),
      kind,
      resource: lease.resource,
      requestId: lease.requestId,
      leaseId: lease.id,
      sessionId: lease.sessionId,
      data: { handle: lease.handleText, until: toRfc3339(lease.expiresAt), ...data },
    });
    if (outcome.outcome === "moved") {
      await ledger.commit({
        guard: { do: "settle_extension", id: lease.id, until: lease.expiresAt },
        events: [event("lease.extended", {})],
      });
    } else if (failures === 1) {
      // Once for a row of failures: a target that is down says so in its revocations too.
      await ledger.record(event("lease.extension_failed", { error: outcome.message }));
    }
  }

  return {
    async ofRequest(request) {
      const all = follow((lease) => lease.requestId === request).then((work) => Promise.all(work));
      await waitForProof(all).catch(() => undefined);
    },
    async pass() {
      await follow(() => true);
    },
    trouble: (resource) => trouble.get(resource)?.why,
    async idle() {
      await Promise.all(busy.values());
    },
  };
}

function unable(message: string): EndOutcome {
  return { outcome: "failed", class: "other", message };
}
