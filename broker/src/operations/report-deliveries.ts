import type { Instant } from "@phi/shared/time";
import { type DeadLetter, type Delivery, isBehind } from "../domain/delivery.js";
import type { Clock } from "../ports/clock.js";
import type { Destination } from "../ports/destination.js";
import type { Ledger } from "../ports/ledger.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import type { Outbox } from "../ports/outbox.js";

/** Dead letters that are named; the rest is counted. */
const MOST_NAMED = 200;

export interface DeliveryStatus extends Delivery {
  /** Absent when it is in the ledger and no longer in the configuration. */
  readonly kind: string | undefined;
  /** Events it has not had yet. */
  readonly waiting: number;
  /** When the oldest of them happened. */
  readonly waitingSince: Instant | undefined;
  readonly isBehind: boolean;
  readonly deadLetters: number;
}

export type ReportDeliveries = () => Promise<readonly DeliveryStatus[]>;

/** How far every destination has come. */
export function createReportDeliveries(needs: {
  readonly outbox: Outbox;
  readonly ledger: Pick<Ledger, "audit">;
  readonly overview: Pick<LedgerOverview, "newestEvent">;
  readonly destinations: readonly Destination[];
  readonly clock: Clock;
}): ReportDeliveries {
  const { outbox, ledger, overview, destinations, clock } = needs;
  return async function reportDeliveries() {
    const [deliveries, counts, newest] = await Promise.all([
      outbox.deliveries(),
      outbox.countDeadLetters(),
      overview.newestEvent(),
    ]);
    return Promise.all(
      deliveries.map(async (delivery) => {
        const kind = destinations.find(({ name }) => name === delivery.destination)?.kind;
        const waiting = Math.max(0, (newest?.seq ?? 0) - delivery.position);
        const [oldest] = waiting === 0 ? [] : await ledger.audit({ after: delivery.position, limit: 1 });
        const waitingSince = oldest && Date.parse(oldest.at);
        return {
          ...delivery,
          kind,
          waiting,
          waitingSince,
          isBehind: kind !== undefined && isBehind(delivery, waitingSince, clock.now()),
          deadLetters: counts.get(delivery.destination) ?? 0,
        };
      }),
    );
  };
}

/** The dead letters, by destination and number. */
export function createListDeadLetters({ outbox }: { readonly outbox: Outbox }) {
  return (destination: string | undefined): Promise<readonly DeadLetter[]> =>
    outbox.deadLetters({ ...(destination === undefined ? {} : { destination }), limit: MOST_NAMED });
}
