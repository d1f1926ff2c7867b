import type { Instant } from "@phi/shared/time";
import { type Calendar, type Calendars, namedOnCall, wordForPeople } from "../domain/on-call.js";
import type { CalendarCopies, CalendarReading, CalendarSource } from "../ports/calendars.js";
import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";

const DAY = 86_400_000;
/** What is kept of a calendar besides what its copy is good for, in ms, before and after: to explain, and to replay. */
const SPAN = 35 * DAY;
/** A reading is made anew after so long, in ms, also when the text is the same: time goes on. */
const READ_AGAIN = DAY;
/** A copy that says the same is put on record again after this part of its maximum age. */
const KEEP_AGAIN = 1 / 10;

/** A calendar as operators see it. */
export interface CalendarStatus {
  readonly name: string;
  readonly where: string;
  readonly readAt: Instant | undefined;
  /** Until then the copy holds; over: nobody is on call. */
  readonly goodUntil: Instant | undefined;
  readonly isGood: boolean;
  readonly onCall: readonly string[];
  /** Why the last attempt failed. */
  readonly failure: string | undefined;
  readonly unknown: readonly string[];
  readonly unknownCount: number;
}

export interface KeepCalendars {
  /** Whether there is a copy that holds now. */
  isGood(name: string): boolean;
  /** Takes over the last good copies. */
  begin(): Promise<void>;
  /** Reads one source now; what fails keeps the copy there is. Never rejects. */
  refresh(source: CalendarSource, signal: AbortSignal): Promise<void>;
  /** The same value until something has changed. */
  calendars(): Calendars;
  report(): CalendarStatus[];
}

interface Known {
  readonly text: string;
  readonly reading: CalendarReading;
  readonly from: Instant;
  readonly until: Instant;
  /** When the reading was made, and when the source last said this. */
  readonly madeAt: Instant;
  readonly readAt: Instant;
  readonly keptAt: Instant;
}

/** The calendars as data, with the last good copy of each for as long as it is good. */
export function createKeepCalendars(needs: {
  readonly sources: readonly CalendarSource[];
  readonly copies: CalendarCopies;
  readonly clock: Clock;
  readonly log: Log;
}): KeepCalendars {
  const { sources, copies, clock, log } = needs;
  const known = new Map<string, Known>();
  const failures = new Map<string, string>();
  /** A text that could not be read is not read again: it may have taken a while to find out. */
  const unreadable = new Map<string, { readonly text: string; readonly error: unknown }>();
  let value = valueNow();

  return {
    async begin() {
      for (const source of sources) {
        const copy = await copies.last(source.name, source.mark).catch(() => undefined);
        if (copy === undefined || clock.now() >= copy.readAt + source.maxAge) continue;
        await take(source, copy.text, copy.readAt, copy.readAt).catch(() => undefined);
      }
    },

    async refresh(source, signal) {
      const before = known.get(source.name);
      try {
        const text = await source.fetch(signal);
        const now = clock.now();
        const isSame = before !== undefined && before.text === text && now < before.madeAt + READ_AGAIN;
        if (isSame) known.set(source.name, { ...before, readAt: now });
        else await take(source, text, now, before?.text === text ? before.keptAt : 0);
        await keep(source);
        if (failures.delete(source.name)) log.info("calendar is read again", { calendar: source.name });
        if (before?.text !== text) log.info("calendar read", { calendar: source.name, where: source.where });
        value = valueNow();
      } catch (error) {
        if (signal.aborted) return;
        const because = error instanceof Error ? error.message : "phi failed";
        if (failures.get(source.name) !== because)
          log.warn("calendar cannot be read", { calendar: source.name, where: source.where, because });
        failures.set(source.name, because);
        value = valueNow();
      }
    },

    calendars: () => value,

    isGood(name) {
      const calendar = value.get(name);
      return calendar?.state === "known" && clock.now() < calendar.until;
    },

    report() {
      const now = clock.now();
      return sources.map((source) => {
        const one = known.get(source.name);
        const goodUntil = one && goodUntilOf(source, one);
        return {
          name: source.name,
          where: source.where,
          readAt: one?.readAt,
          goodUntil,
          isGood: goodUntil !== undefined && now < goodUntil,
          onCall: namedOnCall(value, source.name, now).map(wordForPeople),
          failure: failures.get(source.name),
          unknown: one?.reading.unknown ?? [],
          unknownCount: one?.reading.unknownCount ?? 0,
        };
      });
    },
  };

  async function take(source: CalendarSource, text: string, readAt: Instant, keptAt: Instant): Promise<void> {
    const now = clock.now();
    const span = { from: now - SPAN, until: now + source.maxAge + SPAN };
    const bad = unreadable.get(source.name);
    if (bad?.text === text) throw bad.error;
    const reading = await source.read(text, span).catch((error: unknown) => {
      unreadable.set(source.name, { text, error });
      throw error;
    });
    unreadable.delete(source.name);
    if (reading.unknownCount > 0)
      log.warn("calendar names people that are not known", {
        calendar: source.name,
        count: reading.unknownCount,
        some: reading.unknown.slice(0, 5),
      });
    known.set(source.name, { text, reading, ...span, madeAt: now, readAt, keptAt });
    value = valueNow();
  }

  async function keep(source: CalendarSource): Promise<void> {
    const one = known.get(source.name);
    if (one === undefined || one.readAt < one.keptAt + source.maxAge * KEEP_AGAIN) return;
    const copy = { name: source.name, mark: source.mark, text: one.text, readAt: one.readAt };
    // Without it the next start has no copy; nothing else.
    const isKept = await copies.keep(copy).then(
      () => true,
      () => false,
    );
    if (isKept) known.set(source.name, { ...one, keptAt: one.readAt });
  }

  function goodUntilOf(source: CalendarSource, { readAt, until }: Known): Instant {
    return Math.min(readAt + source.maxAge, until);
  }

  function valueNow(): Calendars {
    return new Map(
      sources.map((source): [string, Calendar] => {
        const one = known.get(source.name);
        const because = failures.get(source.name) ?? "it has not been read yet";
        if (one === undefined) return [source.name, { state: "unknown", because }];
        const { reading, from } = one;
        return [source.name, { state: "known", turns: reading.turns, from, until: goodUntilOf(source, one) }];
      }),
    );
  }
}
