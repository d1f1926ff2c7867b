import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import { type Active, beginRevocation, type Claimed } from "../domain/lease-moves.js";
import type { Resource } from "../domain/resource.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import type { Found, Provider } from "../ports/provider.js";
import { type Comparison, createLookAtTarget } from "./look-at-target.js";
import type { Standings } from "./standings.js";

/** One look at one target, in ms. */
const LOOK_WITHIN = 60_000;
/** Handles that a report names; the rest is counted. */
const MOST_NAMED = 50;

export interface ReconcileOrder {
  /** Look and report; change nothing. */
  readonly dryRun: boolean;
  /** Take this ledger as the true one, also where the target has seen a newer one. */
  readonly adopt: boolean;
  /** Who ordered it; absent for the sweep by itself. */
  readonly operator?: string | undefined;
}

/** What came of one target. */
export interface TargetReport {
  readonly resource: string;
  /** `outdated`: the target has seen a newer ledger, and nothing was touched. */
  readonly outcome: "matches" | "mended" | "would_mend" | "outdated" | "unreachable";
  readonly unknown: { readonly count: number; readonly handles: readonly string[] };
  readonly lost: { readonly count: number; readonly handles: readonly string[] };
  readonly abandoned: { readonly count: number; readonly handles: readonly string[] };
  /** Why it is outdated, or does not answer. */
  readonly because?: string | undefined;
}

export type Reconcile = (resource: Resource, order: ReconcileOrder, stop?: AbortSignal) => Promise<TargetReport>;

interface Needs {
  readonly ledger: Ledger;
  readonly overview: LedgerOverview;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly standings: Standings;
  readonly brokerTag: string;
}

/**
 * Makes a target and the ledger agree: what nobody has on record is put there and revoked, what somebody else took away is revoked as if
 * it were there. Where the target has seen a newer ledger (this one was restored from a backup) nothing is touched until an operator adopts it.
 */
export function createReconcile(needs: Needs): Reconcile {
  const { ledger, overview, catalogue, clock, standings, brokerTag } = needs;
  const lookAtTarget = createLookAtTarget(needs);
  const underWay = new Map<string, Promise<unknown>>();

  return (resource, order, stop) => {
    // The sweep and an operator at once would only do the same things twice.
    const before = underWay.get(resource.name) ?? Promise.resolve();
    const now = before.catch(() => undefined).then(() => reconcile(resource, order, stop));
    underWay.set(resource.name, now);
    return now;
  };

  async function reconcile(resource: Resource, order: ReconcileOrder, stop?: AbortSignal): Promise<TargetReport> {
    const provider = catalogue.provider(resource.kind);
    if (provider === undefined) return unreachable(resource, "its kind has no provider");
    const signal = AbortSignal.any([AbortSignal.timeout(LOOK_WITHIN), ...(stop === undefined ? [] : [stop])]);
    try {
      const found = await lookAtTarget(resource, provider, signal);
      if (found.outdated !== undefined && !order.adopt) return await standBack(resource, found, found.outdated, order);
      if (order.dryRun) return report(resource, found, "would_mend");
      await mend(resource, found, order);
      await leaveMark(resource, provider, found.mark, signal);
      standings.set(resource.name, undefined);
      return report(resource, found, "mended");
    } catch (error) {
      if (!(error instanceof PhiError) || error.code === "store_unavailable") throw error;
      return unreachable(resource, error.message);
    }
  }

  async function standBack(
    resource: Resource,
    found: Comparison,
    because: string,
    order: ReconcileOrder,
  ): Promise<TargetReport> {
    if (!order.dryRun && standings.outdated(resource.name) === undefined) {
      standings.set(resource.name, { since: clock.now(), because });
      await ledger.record({
        id: newId("event"),
        at: clock.now(),
        kind: "ledger.outdated",
        resource: resource.name,
        data: { because, unknown: found.unknown.size },
      });
    }
    return { ...report(resource, found, "outdated"), outcome: "outdated", because };
  }

  async function mend(resource: Resource, found: Comparison, order: ReconcileOrder): Promise<void> {
    if (found.outdated !== undefined) {
      await ledger.record({
        id: newId("event"),
        at: clock.now(),
        kind: "ledger.adopted",
        resource: resource.name,
        data: {
          operator: order.operator,
          because: found.outdated,
          unknown: found.unknown.size,
          lost: found.lost.length,
        },
      });
    }
    for (const [text, one] of found.unknown) await takeIn(resource, text, one);
    await Promise.all(found.lost.map(giveUpLost));
  }

  /** It gets a row, and with it everything that every lease gets: attempts for ever, events, a place in the status. */
  async function takeIn(resource: Resource, handleText: string, { handle, leaseId }: Found<unknown>): Promise<void> {
    const now = clock.now();
    // The id of its note, unless the ledger has that lease: then this is a second credential of it.
    const id = leaseId !== undefined && !(await overview.hasLease(leaseId)) ? leaseId : newId("lease");
    const lease: Claimed = {
      id,
      resource: resource.name,
      kind: resource.kind,
      use: "command",
      handle,
      handleText,
      epoch: 1,
      createdAt: now,
      createBy: now,
      createdOnTarget: now,
      expiresAt: now,
      state: "revoking",
      because: "found",
      revokingSince: now,
      nextAttempt: now,
      attempts: 0,
      lastError: undefined,
      overdueSince: undefined,
    };
    await ledger.commit({
      guard: { do: "insert_found_lease", lease },
      events: [
        {
          id: newId("event"),
          at: now,
          kind: "lease.found",
          resource: resource.name,
          leaseId: id,
          data: { handle: printable(handleText, 200) },
        },
      ],
    });
  }

  async function giveUpLost(lease: Active): Promise<void> {
    const now = clock.now();
    const about = {
      at: now,
      resource: lease.resource,
      requestId: lease.requestId,
      leaseId: lease.id,
      sessionId: lease.sessionId,
    };
    const end = { because: "lost", at: now, exitCode: undefined, signal: undefined };
    await ledger.commit({
      guard: { do: "advance_lease", advance: beginRevocation(lease, "lost", { now, hold: false }) },
      follow: [
        {
          do: "end_session",
          id: lease.sessionId,
          end,
          event: { ...about, id: newId("event"), kind: "session.ended", data: { because: "lost" } },
        },
      ],
      events: [{ ...about, id: newId("event"), kind: "lease.lost", data: { handle: lease.handleText } }],
    });
  }

  /** The newest event there is: a ledger that is restored from before it will not have it. */
  async function leaveMark(
    resource: Resource,
    provider: Provider,
    before: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const newest = await overview.newestEvent();
    if (provider.anchor === undefined || newest === undefined || newest.id === before) return;
    await provider.anchor.write(resource.config, brokerTag, newest.id, signal);
  }
}

function report(resource: Resource, found: Comparison, mended: "mended" | "would_mend" | "outdated"): TargetReport {
  const differs = found.unknown.size + found.lost.length > 0;
  return {
    resource: resource.name,
    outcome: differs ? mended : "matches",
    unknown: some([...found.unknown.keys()]),
    lost: some(found.lost.map((lease) => lease.handleText)),
    abandoned: some(found.abandoned),
  };
}

function unreachable(resource: Resource, because: string): TargetReport {
  const nothing = some([]);
  return {
    resource: resource.name,
    outcome: "unreachable",
    unknown: nothing,
    lost: nothing,
    abandoned: nothing,
    because,
  };
}

function some(handles: readonly string[]) {
  return { count: handles.length, handles: handles.slice(0, MOST_NAMED) };
}
