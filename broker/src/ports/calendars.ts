import type { Secret } from "@phi/shared/secret";
import type { Instant } from "@phi/shared/time";
import type { OnCallWord, Turn } from "../domain/on-call.js";

/** A calendar as it is configured. Lengths in ms. */
export interface CalendarOrder {
  readonly name: string;
  readonly from: { readonly file: string } | { readonly url: Secret; readonly allowPrivate: boolean };
  /** Where an event says who is on call. */
  readonly who: "attendees" | "organizer" | "summary";
  /** Whom words of the calendar mean, in lower case. */
  readonly people: ReadonlyMap<string, OnCallWord>;
  /** Whose clocks are meant by times without a zone. */
  readonly timeZone: string | undefined;
  readonly every: number;
  readonly maxAge: number;
}

/** What a text says of who is on call. */
export interface CalendarReading {
  /** By their beginnings. */
  readonly turns: readonly Turn[];
  /** Some of the words that name nobody phi can be sure of. */
  readonly unknown: readonly string[];
  readonly unknownCount: number;
}

/**
 * Reads a calendar's text, for the span.
 *
 * @throws PhiError `invalid_input` that says why it cannot be read
 */
export type ReadCalendar = (
  text: string,
  span: { readonly from: Instant; readonly until: Instant },
) => Promise<CalendarReading>;

/** Where one calendar comes from. */
export interface CalendarSource {
  readonly name: string;
  /** For people, without what may be a secret: a file's path, or the host of an address. */
  readonly where: string;
  /** Tells this source from another, and does not say where it is: a hash. */
  readonly mark: string;
  /** Between two readings, in ms. */
  readonly every: number;
  /** How long a copy is good, in ms. */
  readonly maxAge: number;
  /**
   * The text as it is now.
   *
   * @throws PhiError `target_unavailable` that says why, in one line without the address
   */
  fetch(signal: AbortSignal): Promise<string>;
  readonly read: ReadCalendar;
  close(): void;
}

/** The last good copy of each calendar, kept over restarts. */
export interface CalendarCopies {
  keep(copy: CalendarCopy): Promise<void>;
  /** Of this source only. */
  last(name: string, mark: string): Promise<CalendarCopy | undefined>;
}

export interface CalendarCopy {
  readonly name: string;
  readonly mark: string;
  readonly text: string;
  readonly readAt: Instant;
}
