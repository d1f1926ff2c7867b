import type { Instant } from "@phi/shared/time";

/** In the order of `Date.getUTCDay()`. */
export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Hours of some days of the week, as the clocks of one time zone show them. */
export interface TimeSpan {
  /** The days on which it begins; none twice. */
  readonly days: readonly Weekday[];
  /** Minutes since midnight, 0 to 1439. */
  readonly from: number;
  /** Minutes since midnight, 1 to 1440; at or before `from` it is on the day after. Not part of the span itself. */
  readonly until: number;
  /** IANA name. */
  readonly timeZone: string;
}

const DAY = 1_440;

/** A test whether an instant is in one of the spans. Making it costs; asking it is cheap. An absent list is always. */
export function compileSpans(spans: readonly TimeSpan[] | undefined): (now: Instant) => boolean {
  if (spans === undefined) return () => true;
  const compiled = spans.map((span) => {
    const clock = wallClock(span.timeZone);
    const days = new Set(span.days.map((day) => WEEKDAYS.indexOf(day)));
    return (now: Instant) => {
      const { day, minute } = clock(now);
      if (span.from < span.until) return days.has(day) && span.from <= minute && minute < span.until;
      return (days.has(day) && span.from <= minute) || (days.has((day + 6) % 7) && minute < span.until);
    };
  });
  return (now) => compiled.some((isOpen) => isOpen(now));
}

/** Whether the name is one of a time zone that this runtime knows (IANA, as ECMA-402 §6.5.1 has it). */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

type WallClock = (now: Instant) => { day: number; minute: number };

/** Making one takes Intl a tenth of a millisecond, and there are as many as zones; what one says depends on nothing else. */
const wallClocks = new Map<string, WallClock>();

function wallClock(timeZone: string): WallClock {
  const clock = wallClocks.get(timeZone) ?? makeWallClock(timeZone);
  wallClocks.set(timeZone, clock);
  return clock;
}

/** Weekday and minute of the day that the clocks of a zone show. */
function makeWallClock(timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  // Zones are off UTC by whole minutes (since 1972), so within a minute the answer stays; a broker asks for the same one again and again.
  let minuteKnown: number | undefined;
  let known = { day: 0, minute: 0 };
  return (now) => {
    const minuteAsked = Math.floor(now / 60_000);
    if (minuteAsked === minuteKnown) return known;
    const parts = Object.fromEntries(format.formatToParts(now).map((part) => [part.type, part.value]));
    const day = WEEKDAYS.findIndex((name) => name === parts.weekday?.toLowerCase());
    known = { day, minute: (Number(parts.hour) * 60 + Number(parts.minute)) % DAY };
    minuteKnown = minuteAsked;
    return known;
  };
}

/** `mon-fri 09:00-17:00 Europe/Berlin or sat 10:00-12:00 Europe/Berlin`, as the configuration says it. */
export function spansInWords(spans: readonly TimeSpan[]): string {
  return spans
    .map((span) => `${daysInWords(span.days)} ${clockTime(span.from)}-${clockTime(span.until)} ${span.timeZone}`)
    .join(" or ");
}

function daysInWords(days: readonly Weekday[]): string {
  if (days.length === WEEKDAYS.length) return "every day";
  const week = [...WEEKDAYS.slice(1), "sun" as const];
  const places = week.flatMap((day, place) => (days.includes(day) ? [place] : []));
  const runs: [number, number][] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === place - 1) last[1] = place;
    else runs.push([place, place]);
  }
  return runs.map(([from, to]) => (from === to ? week[from] : `${week[from]}-${week[to]}`)).join(",");
}

function clockTime(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
