import { randomText } from "@phi/shared/ids";
import { createDeliverOn } from "../operations/deliver-on.js";
import { createListDeadLetters, createReportDeliveries } from "../operations/report-deliveries.js";
import { createRetryDelivery, createSkipDelivery } from "../operations/steer-delivery.js";
import type { Clock } from "../ports/clock.js";
import type { Destination } from "../ports/destination.js";
import type { Ledger } from "../ports/ledger.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import type { Log } from "../ports/log.js";
import type { Outbox } from "../ports/outbox.js";
import { createCouriers } from "./couriers.js";
import { watchForeignEvents } from "./foreign-events.js";

/** What is under way when the broker stops may take this long, in ms, before it is cut off; it comes again. */
const FINISH_WITHIN = 3_000;

/** Delivering out, as a whole: the couriers, and what operators see and do. */
export function createDeliveries(needs: {
  readonly destinations: readonly Destination[];
  readonly outbox: Outbox;
  readonly ledger: Ledger;
  readonly overview: LedgerOverview;
  /** Other brokers work on this ledger too. */
  readonly shared: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}) {
  const { destinations, outbox, overview, shared } = needs;
  const stopping = new AbortController();
  const deliverOn = createDeliverOn({ ...needs, holder: randomText(16), stopping: stopping.signal });
  const couriers = createCouriers({ ...needs, deliverOn });
  const { wake } = couriers;
  let foreign: { stop(): Promise<void> } | undefined;

  return {
    wake,
    reportDeliveries: createReportDeliveries(needs),
    listDeadLetters: createListDeadLetters(needs),
    retryDelivery: createRetryDelivery({ ...needs, wake }),
    skipDelivery: createSkipDelivery({ ...needs, wake }),
    /** Before the first event of this run is recorded: what is new in the configuration begins with it. */
    async begin(): Promise<void> {
      const newest = (await overview.newestEvent())?.seq ?? 0;
      await outbox.begin(
        destinations.map(({ name }) => name),
        newest,
      );
      if (!shared) await outbox.releaseClaims();
    },
    start(): void {
      couriers.start();
      if (shared && destinations.length > 0) foreign = watchForeignEvents(overview, wake);
    },
    reopen(): void {
      for (const destination of destinations) destination.reopen?.();
    },
    /** Hands over what is there, if that is quick. */
    async stop(): Promise<void> {
      const cut = setTimeout(() => stopping.abort(), FINISH_WITHIN);
      await foreign?.stop();
      await couriers.stop();
      clearTimeout(cut);
      await Promise.all(destinations.map((destination) => destination.close()));
    },
  };
}
