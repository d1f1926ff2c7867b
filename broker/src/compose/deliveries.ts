import { createChannel } from "../destinations/channels.js";
import { createDestination } from "../destinations/destinations.js";
import type { Calendars } from "../domain/on-call.js";
import { createDeliveries } from "../outbox/deliveries.js";
import { createTelling } from "../outbox/telling.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import { createAddressBook } from "../store/address-book.js";
import { createAuditExports } from "../store/audit-export.js";
import { createOutbox } from "../store/outbox.js";
import { createReminders } from "../store/reminders.js";
import type { Store } from "../store/store.js";
import type { Parts } from "./parts.js";

/** What leaves the broker by itself: the audit log to its destinations, and what people are told. */
export function composeDeliveries(
  { config, version, log }: Parts,
  {
    store,
    clock,
    ledger,
    overview,
    calendars,
  }: {
    readonly store: Store;
    readonly clock: Clock;
    readonly ledger: Ledger;
    readonly overview: LedgerOverview;
    readonly calendars: () => Calendars;
  },
) {
  const { host, port } = config.listen;
  const exports = createAuditExports(store, { url: config.publicUrl ?? `http://${host}:${port}`, version });
  const addressBook = createAddressBook(store);
  const telling = createTelling({
    ...config.notify,
    channels: Object.entries(config.notify.channels).map(([name, order]) => createChannel(name, order, clock)),
    remindAfter: config.notify.remindAfter,
    escalate: config.notify.escalate,
    admins: config.admins,
    calendars,
    broker: config.publicUrl,
    ledger,
    addressBook,
    reminders: createReminders(store),
    clock,
    log,
  });
  const deliveries = createDeliveries({
    destinations: [
      ...config.audit.deliver.map((order) => createDestination(order, { stdout: process.stdout, clock, exports })),
      ...telling.destinations,
    ],
    outbox: createOutbox(store),
    ledger,
    overview,
    shared: store.shared,
    clock,
    random: Math.random,
    log,
  });
  const reminderLoop = telling.reminderLoop(deliveries.wake);
  return { exports, addressBook, telling, deliveries, reminderLoop };
}
