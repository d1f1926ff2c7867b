import type { NoticeRule } from "../domain/audience.js";
import type { Calendars } from "../domain/on-call.js";
import type { Selector } from "../domain/principal.js";
import { createRemind } from "../operations/remind.js";
import { createTellPeople } from "../operations/tell-people.js";
import { createTryChannel } from "../operations/try-channel.js";
import type { AddressBook } from "../ports/address-book.js";
import type { Channel } from "../ports/channel.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";
import type { Reminders } from "../ports/reminders.js";
import { createReminderLoop } from "./reminder-loop.js";

/** Telling people, as a whole: channels as destinations of the audit log, what is told because time has passed, and trying out. */
export function createTelling(needs: {
  readonly channels: readonly Channel[];
  readonly rules: readonly NoticeRule[];
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  readonly admins: readonly Selector[];
  readonly calendars: () => Calendars;
  /** Seconds. */
  readonly remindAfter: number | undefined;
  readonly escalate: { readonly after: number; readonly to: readonly Selector[] } | undefined;
  /** Address of the broker, for people. */
  readonly broker: string | undefined;
  readonly ledger: Pick<Ledger, "request" | "approvals">;
  readonly addressBook: AddressBook;
  readonly reminders: Reminders;
  readonly clock: Clock;
  readonly log: Log;
}) {
  const { channels, escalate } = needs;
  const addresses = new Map(Object.entries(needs.addresses) as [Selector, readonly string[]][]);
  const tellNeeds = { ...needs, escalation: escalate?.to ?? [], addresses };
  const remind = createRemind({ ...needs, escalateAfter: escalate?.after });

  return {
    destinations: channels.map((channel) => createTellPeople(channel, tellNeeds)),
    tryChannel: createTryChannel(needs),
    /** Addresses of people are of use only where one reaches them by these. */
    needsAddresses: channels.some(({ isPersonal }) => isPersonal),
    /** @param wake what to call when something was recorded */
    reminderLoop(wake: () => void) {
      if (channels.length === 0) return undefined;
      const tellThen = async () => {
        const count = await remind();
        if (count > 0) wake();
        return count;
      };
      return createReminderLoop({ remind: tellThen, log: needs.log });
    },
  };
}
