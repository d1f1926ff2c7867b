import { type Instant, toRfc3339 } from "@phi/shared/time";
import type { Principal } from "./principal.js";

/** How a calendar names somebody: by an address in lower case, or by the issuer's subject. A name that anybody can give themselves is neither. */
export type OnCallWord = `mailto:${string}` | `principal:${string}`;

/** One turn of one or more people; `until` is not part of it. */
export interface Turn {
  readonly from: Instant;
  readonly until: Instant;
  readonly who: readonly OnCallWord[];
}

/** A calendar as data, whatever it was read from. */
export type Calendar =
  | {
      readonly state: "known";
      /** By their beginnings. */
      readonly turns: readonly Turn[];
      /** What it says holds from here … */
      readonly from: Instant;
      /** … to here, when the copy is too old, or nothing further is known. */
      readonly until: Instant;
    }
  | { readonly state: "unknown"; readonly because: string };

/** All there are, by name. A value: another reading is another one. */
export type Calendars = ReadonlyMap<string, Calendar>;

export const NO_CALENDARS: Calendars = new Map();

/** How somebody stands with a calendar at an instant. */
export type OnCall =
  | { readonly calendar: string; readonly state: "unknown"; readonly because: string }
  | {
      readonly calendar: string;
      readonly state: "on";
      readonly from: Instant;
      /** When the turn ends, those that follow without a gap included. */
      readonly until: Instant;
    }
  | {
      readonly calendar: string;
      readonly state: "off";
      /** Who is on call instead. */
      readonly others: readonly OnCallWord[];
      /** Their own next turn that is known. */
      readonly next: { readonly from: Instant; readonly until: Instant } | undefined;
    };

type Person = Pick<Principal, "subject" | "verifiedEmail">;

/** Nobody is on call by a calendar that is not known: what cannot be read gives nothing. */
export function onCallBy(calendars: Calendars, name: string, person: Person, now: Instant): OnCall {
  const turns = turnsAt(calendars, name, now);
  if (typeof turns === "string") return { calendar: name, state: "unknown", because: turns };
  const own = turns.filter(({ who }) => who.some((word) => means(word, person)));
  const [turn] = joined(own.filter(({ until }) => until > now));
  if (turn !== undefined && turn.from <= now) return { calendar: name, state: "on", ...turn };
  return { calendar: name, state: "off", others: wordsAt(turns, now), next: turn };
}

/** Whom a calendar names at the instant, in order, once each; nobody when it is not known. */
export function namedOnCall(calendars: Calendars, name: string, now: Instant): OnCallWord[] {
  const turns = turnsAt(calendars, name, now);
  return typeof turns === "string" ? [] : wordsAt(turns, now);
}

/** The calendars by which somebody is on call now. */
export function calendarsOf(calendars: Calendars, person: Person, now: Instant): string[] {
  return [...calendars.keys()].filter((name) => onCallBy(calendars, name, person, now).state === "on");
}

function turnsAt(calendars: Calendars, name: string, now: Instant): readonly Turn[] | string {
  const calendar = calendars.get(name);
  if (calendar === undefined) return "there is no such calendar";
  if (calendar.state === "unknown") return calendar.because;
  if (now >= calendar.until) return `its copy was good until ${utc(calendar.until)}`;
  return now < calendar.from ? `it is known from ${utc(calendar.from)} on` : calendar.turns;
}

function wordsAt(turns: readonly Turn[], now: Instant): OnCallWord[] {
  return [...new Set(turns.flatMap(({ from, until, who }) => (from <= now && now < until ? who : [])))];
}

/** Strict: the whole word, and only an address of which the issuer says that it is verified. */
function means(word: OnCallWord, { subject, verifiedEmail }: Person): boolean {
  return word === `principal:${subject}` || (verifiedEmail !== undefined && word === `mailto:${verifiedEmail}`);
}

/** Turns that touch or overlap are one, by their beginnings. */
function joined(turns: readonly Turn[]): { from: Instant; until: Instant }[] {
  const all: { from: Instant; until: Instant }[] = [];
  for (const { from, until } of [...turns].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last !== undefined && from <= last.until) last.until = Math.max(last.until, until);
    else all.push({ from, until });
  }
  return all;
}

/** `on call by "primary" until …`, or who is instead and when the next turn is. */
export function onCallInWords(facts: OnCall): string {
  switch (facts.state) {
    case "unknown":
      return `nobody is taken to be on call: the calendar "${facts.calendar}" is not known (${facts.because})`;
    case "on":
      return `on call by "${facts.calendar}" from ${utc(facts.from)} to ${utc(facts.until)}`;
    case "off": {
      const others = facts.others.map(wordForPeople).join(", ");
      const next =
        facts.next === undefined ? "" : `; next turn from ${utc(facts.next.from)} to ${utc(facts.next.until)}`;
      return `only while on call by "${facts.calendar}", where ${others === "" ? "nobody is on call now" : `${others} is on call now`}${next}`;
    }
  }
}

/** Without what it begins with: an address, or a subject. */
export function wordForPeople(word: OnCallWord): string {
  return word.slice(word.indexOf(":") + 1);
}

/** Whoever reads it may be in any time zone. */
function utc(at: Instant): string {
  return `${toRfc3339(at).slice(0, 16).replace("T", " ")} UTC`;
}
