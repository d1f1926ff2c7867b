import { parseDuration } from "./duration.js";

/** A point in time: whole milliseconds since 1970-01-01T00:00:00Z. Always absolute, never local. */
export type Instant = number;

/** RFC 3339 in UTC with milliseconds, e.g. `2026-11-22T17:05:09.120Z`: the only form of an instant on the wire. */
export function toRfc3339(instant: Instant): string {
  return new Date(instant).toISOString();
}

/**
 * Reads what a person types for a point in the past: a length of time (`7d` = seven days before `now`), a date
 * (`2026-11-22`, midnight UTC) or an RFC 3339 instant. `undefined` when it is none of them.
 */
export function parsePast(text: string, now: Instant): Instant | undefined {
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago * 1000;
  if (!/^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined;
  const instant = Date.parse(text.replace(" ", "T"));
  return Number.isNaN(instant) ? undefined : instant;
}
