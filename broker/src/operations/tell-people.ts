import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { RequestId } from "@phi/shared/ids";
import { toRfc3339 } from "@phi/shared/time";
import { openStage, yesOf } from "../domain/approval.js";
import { type Audience, audienceOf, type NoticeRule, occasionsOf } from "../domain/audience.js";
import { noticeOf } from "../domain/notice.js";
import { concernedBy, isStale, isTold, type Occasion, occasionOf } from "../domain/occasion.js";
import { type Calendars, namedOnCall, wordForPeople } from "../domain/on-call.js";
import { everyApprover } from "../domain/policy/rule.js";
import { calendarNamed, type Selector } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { AddressBook } from "../ports/address-book.js";
import type { Channel } from "../ports/channel.js";
import type { Clock } from "../ports/clock.js";
import type { Destination } from "../ports/destination.js";
import type { Ledger } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";

/** Who has not signed in for so long, in ms, may have left: what their ID token said of them then is not used. */
const KNOWN_FOR = 30 * 86_400_000;
/** Addresses that one notice goes to. */
const MOST_ADDRESSES = 100;
/** Occasions on which somebody is to answer. */
const WAITING: readonly Occasion[] = ["asked", "reminder", "escalated"];

export interface TellNeeds {
  readonly ledger: Pick<Ledger, "request" | "approvals">;
  readonly addressBook: AddressBook;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: readonly NoticeRule[];
  readonly admins: readonly Selector[];
  readonly escalation: readonly Selector[];
  readonly calendars: () => Calendars;
  /** Configured addresses, by selector; where there are some, nobody else's are looked up. */
  readonly addresses: ReadonlyMap<Selector, readonly string[]>;
  /** Address of the broker, for people. */
  readonly broker: string | undefined;
}

/** A channel as a destination of the audit log: each event that a rule wants told becomes a notice, unless nobody needs it any more. */
export function createTellPeople(channel: Channel, needs: TellNeeds): Destination {
  const { ledger, addressBook, calendars, clock, log, rules, admins, escalation, addresses, broker } = needs;
  const occasions = occasionsOf(rules, channel.name);

  return {
    name: destinationName(channel.name),
    kind: channel.kind,
    wants: isTold,
    async deliver(events, signal) {
      for (const [accepted, event] of events.entries()) {
        const failure = await tell(event, signal);
        if (failure !== undefined) return { accepted, failure };
      }
      return { accepted: events.length };
    },
    close: () => channel.close(),
  };

  async function tell(event: AuditEvent, signal: AbortSignal) {
    const occasion = occasionOf(event);
    if (occasion === undefined || !occasions.has(occasion)) return undefined;
    const request = event.request === undefined ? undefined : await ledger.request(event.request as RequestId);
    if (isStale(occasion, Date.parse(event.at), request, clock.now()) || isOutdated(event, request)) return undefined;
    const audience = audienceOf(rules, channel.name, occasion, {
      approvers: request === undefined ? [] : await approversOf(request, occasion),
      admins,
      escalation,
      named: occasion === "emergency" ? (request?.emergency?.notify ?? []) : concernedBy(event),
    });
    if (audience === undefined) return undefined;
    const to = channel.isPersonal ? await addressesOf(audience, occasion, request) : [];
    if (channel.isPersonal && to.length === 0) {
      log.warn("nobody to tell", { channel: channel.name, occasion, seq: event.seq });
      return undefined;
    }
    return channel.send({ notice: noticeOf(occasion, event, request, broker), event, addresses: to }, signal);
  }

  /** Who may answer now, while it waits; who is to review, of an emergency; everybody who had a say, afterwards. */
  async function approversOf(request: Request, occasion: Occasion): Promise<readonly Selector[]> {
    if (occasion === "emergency") return request.emergency?.reviewers ?? [];
    if (!WAITING.includes(occasion)) return everyApprover(request.stages);
    const answers = await ledger.approvals([request.id]);
    return openStage(request.stages, yesOf(answers))?.stage.from ?? [];
  }

  /** Those who are on call now: their own address, or the one that the calendar names. */
  async function addressesOnCall(calendar: string): Promise<string[]> {
    const now = clock.now();
    const found = await Promise.all(
      namedOnCall(calendars(), calendar, now).map((word) =>
        word.startsWith("mailto:")
          ? [wordForPeople(word)]
          : addressBook.meantBy(`principal:${wordForPeople(word)}`, now - KNOWN_FOR),
      ),
    );
    return found.flat();
  }

  async function addressesOf(audience: Audience, occasion: Occasion, request: Request | undefined): Promise<string[]> {
    const own = request && (await addressBook.of(request.requester));
    const found = await Promise.all(
      audience.selectors.map(async (selector) => {
        const calendar = calendarNamed(selector);
        if (calendar !== undefined) return addressesOnCall(calendar);
        return addresses.get(selector) ?? (await addressBook.meantBy(selector, clock.now() - KNOWN_FOR));
      }),
    );
    const others = new Set(found.flat());
    const requester = request && addresses.get(`principal:${request.requester.subject}`);
    const asker = requester ?? (own === undefined ? [] : [own]);
    // Nobody is asked to answer their own request, whatever their groups.
    if (WAITING.includes(occasion)) for (const address of asker) others.delete(address);
    return [...new Set([...(audience.requester ? asker : []), ...others])].slice(0, MOST_ADDRESSES);
  }
}

/** A window that was extended does not end when an earlier event says. */
function isOutdated({ kind, data }: AuditEvent, request: Request | undefined): boolean {
  return kind === "request.expiring" && request?.state === "active" && data.expiresAt !== toRfc3339(request.expiresAt);
}

/** A channel's name among the destinations of the audit log, where no other can have it. */
export function destinationName(channel: string): string {
  return `notify:${channel}`;
}
