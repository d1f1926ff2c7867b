import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import type { KeepCalendars } from "./keep-calendars.js";
import type { ReportDeliveries } from "./report-deliveries.js";
import type { RevocationLanes } from "./revocation-lanes.js";

/** What a scrape reads at that moment; the counters count by themselves. */
export function createReadMetrics({
  overview,
  catalogue,
  clock,
  lanes,
  reportDeliveries,
  reportCalendars,
}: {
  readonly overview: LedgerOverview;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly lanes: RevocationLanes;
  readonly reportDeliveries: ReportDeliveries;
  readonly reportCalendars: KeepCalendars["report"];
}) {
  return async function readMetrics() {
    const [[oldest], lagging, leases, deliveries] = await Promise.all([
      overview.overdueLeases(1),
      overview.lagging(0),
      overview.leaseCounts(),
      reportDeliveries(),
    ]);
    const since = oldest?.overdueSince ?? clock.now();
    return {
      oldestOverdueSeconds: Math.max(0, clock.now() - since) / 1_000,
      lagging: lagging.count,
      leases,
      deliveries: deliveries
        .filter(({ kind }) => kind !== undefined)
        .map(({ destination, waitingSince, deadLetters }) => ({
          destination,
          behindSeconds: Math.max(0, clock.now() - (waitingSince ?? clock.now())) / 1_000,
          deadLetters,
        })),
      calendars: reportCalendars().map(({ name, isGood, readAt }) => ({
        calendar: name,
        isGood,
        ageSeconds: readAt === undefined ? undefined : Math.max(0, clock.now() - readAt) / 1_000,
      })),
      breakers: catalogue.resources.map(({ name }) => ({
        resource: name,
        open: lanes.view(name).breaker !== "closed",
      })),
    };
  };
}
