import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import ICAL from "ical.js";
import type { Turn } from "../domain/on-call.js";
import { isTimeZone } from "../domain/policy/time-span.js";
import type { CalendarReading, ReadCalendar } from "../ports/calendars.js";
import { bounded } from "./bounded.js";
import { IntlTimezone } from "./intl-timezone.js";
import { type Naming, peopleOf } from "./people-of-event.js";

/** Occurrences of all repeating events that are looked at, before and in the span; a shift an hour for five years is fewer. */
const MOST_OCCURRENCES = 50_000;
const MOST_EVENTS = 5_000;
/** Between two pauses for everybody else's sake. */
const AT_ONCE = 200;
/** What is done between two pauses takes so long at most, in ms; it is done in a few. */
const STEP_WITHIN = 1_000;
/** People who are not known whom the reading names; the rest is counted. */
const MOST_UNKNOWN = 20;

/**
 * Reads iCalendar (RFC 5545): who is on call when, between two instants. Repeating events with their exceptions are written out. Cancelled events are
 * no turns. What cannot be understood makes the whole unreadable, because a part that is missing could be the one that takes a turn away.
 *
 * @throws PhiError `invalid_input` that says why, in one line
 */
export function createReadCalendar(naming: Naming, timeZone: string | undefined): ReadCalendar {
  return async (text, span) => {
    try {
      return await read(text, span);
    } catch (error) {
      if (error instanceof PhiError) throw error;
      if ((error as { code?: unknown }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
        throw unreadable("it has a rule that never comes true, or takes too long");
      throw unreadable(error instanceof Error ? printable(error.message, 200) : "it is not iCalendar");
    }
  };

  async function read(
    text: string,
    { from, until }: { readonly from: Instant; readonly until: Instant },
  ): Promise<CalendarReading> {
    knowZones(text);
    const calendar = bounded(STEP_WITHIN, () => ICAL.Component.fromString(text));
    if (calendar.name !== "vcalendar") throw unreadable("it is not one iCalendar object");
    const events = calendar.getAllSubcomponents("vevent");
    if (events.length > MOST_EVENTS) throw unreadable(`it has more than ${MOST_EVENTS} events`);
    const turns: Turn[] = [];
    const unknown = new Set<string>();
    let occurrences = 0;

    const add = (event: ICAL.Event, begins: ICAL.Time, ends: ICAL.Time) => {
      const turn = { from: instantOf(begins), until: instantOf(ends) };
      if (event.component.getFirstPropertyValue("status") === "CANCELLED") return;
      if (turn.until <= from || turn.from >= until || turn.until <= turn.from) return;
      const people = peopleOf(event.component, naming);
      for (const name of people.unknown) unknown.add(printable(name, 100));
      if (people.known.length > 0) turns.push({ ...turn, who: people.known });
    };

    /** Whether there are more before the end of the span. */
    const takeSome = (event: ICAL.Event, iterator: ReturnType<ICAL.Event["iterator"]>): boolean => {
      for (let taken = 0; taken < AT_ONCE; taken++) {
        const next = iterator.next();
        if (!next || instantOf(next) >= until) return false;
        occurrences += 1;
        if (occurrences > MOST_OCCURRENCES) throw unreadable(`its events repeat more than ${MOST_OCCURRENCES} times`);
        const { item, startDate, endDate } = event.getOccurrenceDetails(next);
        add(item, startDate, endDate);
      }
      return true;
    };

    for (const event of assembled(events)) {
      if (!event.isRecurring()) {
        add(event, event.startDate, event.endDate);
        continue;
      }
      const iterator = bounded(STEP_WITHIN, () => event.iterator());
      while (bounded(STEP_WITHIN, () => takeSome(event, iterator)))
        await new Promise((resolve) => setImmediate(resolve));
    }
    turns.sort((a, b) => a.from - b.from);
    return { turns, unknown: [...unknown].slice(0, MOST_UNKNOWN), unknownCount: unknown.size };
  }

  function instantOf(time: ICAL.Time): Instant {
    if (!time.isDate && time.zone !== ICAL.Timezone.localTimezone) return time.toUnixTime() * 1_000;
    if (timeZone === undefined)
      throw unreadable("it has times without a time zone; say whose clocks are meant with timeZone");
    const { year, month, day, hour, minute, second } = time;
    const there = new ICAL.Time({ year, month, day, hour, minute, second, isDate: false }, new IntlTimezone(timeZone));
    return there.toUnixTime() * 1_000;
  }
}

/** Each event with the exceptions to it (RFC 5545 §3.8.4.4); an exception to nothing is an event. */
function assembled(components: readonly ICAL.Component[]): ICAL.Event[] {
  const byUid = new Map<string, ICAL.Component[]>();
  for (const component of components) {
    const uid = String(component.getFirstPropertyValue("uid") ?? "");
    if (component.getFirstProperty("dtstart") === null) throw unreadable("an event has no beginning");
    byUid.set(uid, [...(byUid.get(uid) ?? []), component]);
  }
  return [...byUid.values()].flatMap((all) => {
    const isException = (one: ICAL.Component) => one.hasProperty("recurrence-id");
    const exceptions = all.filter(isException);
    const masters = all.filter((one) => !isException(one));
    if (masters.length === 0) return exceptions.map((one) => new ICAL.Event(one));
    return masters.map((one) => new ICAL.Event(one, { exceptions, strictExceptions: true }));
  });
}

/** Zones that the text names and that this runtime knows; what the text itself defines comes first. A zone that is neither makes it unreadable. */
function knowZones(text: string): void {
  const unfolded = text.replace(/\r?\n[ \t]/g, "");
  const defined = new Set([...unfolded.matchAll(/^TZID(?:;[^:\r\n]*)?:(.*?)\r?$/gim)].map(([, name]) => name));
  for (const [, quoted, bare] of unfolded.matchAll(/;TZID=(?:"([^"\r\n]*)"|([^;:\r\n]*))/gi)) {
    const name = quoted ?? bare ?? "";
    if (defined.has(name) || ICAL.TimezoneService.has(name)) continue;
    if (!isTimeZone(name)) throw unreadable(`it does not say what the time zone "${printable(name, 60)}" is`);
    ICAL.TimezoneService.register(new IntlTimezone(name), name);
  }
}

function unreadable(because: string): PhiError {
  return new PhiError("invalid_input", `The calendar cannot be read: ${because}.`);
}
