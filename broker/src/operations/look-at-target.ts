import type { Lease } from "../domain/lease.js";
import type { Active } from "../domain/lease-moves.js";
import type { Resource } from "../domain/resource.js";
import type { Clock } from "../ports/clock.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import type { Found, Provider } from "../ports/provider.js";

/** What a target has, compared with what the ledger says it has. */
export interface Comparison {
  /** On the target with this broker's name, and no unended lease for it. */
  readonly unknown: ReadonlyMap<string, Found<unknown>>;
  /** Live by the ledger, and not on the target. */
  readonly lost: readonly Active[];
  /** Left there on purpose. */
  readonly abandoned: readonly string[];
  /** Why the ledger is older than what this target has seen; absent when it is not. */
  readonly outdated: string | undefined;
  /** The mark on the target. */
  readonly mark: string | undefined;
}

/**
 * Looks, and changes nothing. A credential is on record before it exists, so the target is read first and the ledger after it: whatever
 * the target has that the ledger lacks was never on record here. A drop between the two readings is told apart by a second look.
 *
 * @throws PhiError `target_unavailable`, `target_refused`
 */
export function createLookAtTarget({
  overview,
  clock,
  brokerTag,
}: {
  readonly overview: LedgerOverview;
  readonly clock: Clock;
  readonly brokerTag: string;
}) {
  return async function lookAtTarget(resource: Resource, provider: Provider, signal: AbortSignal): Promise<Comparison> {
    const began = clock.now();
    const mark = await provider.anchor?.read(resource.config, brokerTag, signal);
    const markUnknown = mark !== undefined && !(await overview.hasEvent(mark));
    const there = await list(resource, provider, signal);
    const recorded = byHandle(await overview.leasesByHandle(resource.name, [...there.keys()]));

    let unknown = new Map([...there].filter(([handle]) => (recorded.get(handle) ?? []).every(isRevoked)));
    if (unknown.size > 0) {
      const again = await list(resource, provider, signal);
      unknown = new Map([...unknown].filter(([handle]) => again.has(handle)));
    }
    const active = await overview.activeOn(resource.name, began);
    return {
      unknown,
      lost: active.filter((lease) => !there.has(lease.handleText)),
      abandoned: [...there.keys()].filter((handle) => recorded.get(handle)?.some((one) => one.state === "abandoned")),
      outdated: markUnknown
        ? "it carries the mark of an audit event that this ledger does not have"
        : await forgotten([...unknown.values()]),
      mark,
    };
  };

  /** A broker had each of these on record before it made it: a ledger without that lease has lost it. */
  async function forgotten(unknown: readonly Found<unknown>[]): Promise<string | undefined> {
    for (const { leaseId } of unknown) {
      if (leaseId !== undefined && !(await overview.hasLease(leaseId))) {
        return `it has the credential of ${leaseId}, which was on record once and is not in this ledger`;
      }
    }
    return undefined;
  }

  async function list(resource: Resource, provider: Provider, signal: AbortSignal) {
    const found = new Map<string, Found<unknown>>();
    for await (const one of provider.list(resource.config, brokerTag, signal))
      found.set(provider.describe(one.handle), one);
    return found;
  }
}

function byHandle(leases: readonly Lease[]): Map<string, Lease[]> {
  const found = new Map<string, Lease[]>();
  for (const lease of leases) found.set(lease.handleText, [...(found.get(lease.handleText) ?? []), lease]);
  return found;
}

const isRevoked = (lease: Lease) => lease.state === "revoked";
