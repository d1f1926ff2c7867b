import type { Active, Claimed } from "../domain/lease-moves.js";
import type { Request } from "../domain/request.js";
import type { AuditTree } from "../ports/audit-tree.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import type { FollowWindow } from "./follow-window.js";
import type { LaneView, RevocationLanes } from "./revocation-lanes.js";
import type { Outdated, Standings } from "./standings.js";

/** Overdue and lagging leases and missing reviews that the status names; the rest is counted. */
const MOST_NAMED = 20;

export interface TargetStatus extends LaneView {
  readonly resource: string;
  readonly configured: boolean;
  readonly live: number;
  readonly due: number;
  readonly lastSweep: number | undefined;
  readonly outdated: Outdated | undefined;
}

export interface Status {
  readonly now: number;
  readonly overdueCount: number;
  readonly overdue: readonly Claimed[];
  /** Whose targets still have the end from before an extension; `because` when one was told the new one, and did not take it. */
  readonly lagging: {
    readonly count: number;
    readonly leases: readonly { readonly lease: Active; readonly because: string | undefined }[];
  };
  readonly leases: Readonly<Record<string, number>>;
  readonly targets: readonly TargetStatus[];
  readonly unreviewed: { readonly count: number; readonly requests: readonly Request[] };
  readonly ledger: { readonly events: number; readonly bytes: number | undefined };
  /** `signed`: events under the newest checkpoint; `conflict`: why no more is signed. */
  readonly log: { readonly key: string | undefined; readonly signed: number; readonly conflict: string | undefined };
}

/** How the broker stands: what is late, and how each target answers. */
export function createReportStatus({
  overview,
  catalogue,
  clock,
  lanes,
  followWindow,
  standings,
  tree,
  lastSweep,
}: {
  readonly overview: LedgerOverview;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly lanes: RevocationLanes;
  readonly followWindow: Pick<FollowWindow, "trouble">;
  readonly standings: Standings;
  readonly tree: Pick<AuditTree, "key" | "head" | "conflict">;
  readonly lastSweep: (resource: string) => number | undefined;
}) {
  return async function reportStatus(): Promise<Status> {
    const now = clock.now();
    const [overdue, overdueCount, lagging, leases, held, newest, bytes, head, unreviewed] = await Promise.all([
      overview.overdueLeases(MOST_NAMED),
      overview.countOverdue(),
      overview.lagging(MOST_NAMED),
      overview.leaseCounts(),
      overview.targets(now),
      overview.newestEvent(),
      overview.bytes(),
      tree.head(),
      overview.unreviewed(MOST_NAMED),
    ]);
    const configured = catalogue.resources.map(({ name }) => name);
    const names = [...new Set([...configured, ...held.map(({ resource }) => resource)])];
    return {
      now,
      overdue,
      overdueCount,
      lagging: {
        count: lagging.count,
        leases: lagging.leases.map((lease) => ({ lease, because: followWindow.trouble(lease.resource) })),
      },
      leases,
      unreviewed,
      targets: names.map((resource) => {
        const counts = held.find((one) => one.resource === resource);
        return {
          resource,
          configured: configured.includes(resource),
          live: counts?.live ?? 0,
          due: counts?.due ?? 0,
          ...lanes.view(resource),
          lastSweep: lastSweep(resource),
          outdated: standings.outdated(resource),
        };
      }),
      ledger: { events: newest?.seq ?? 0, bytes },
      log: { key: tree.key(), signed: head?.size ?? 0, conflict: tree.conflict() },
    };
  };
}
