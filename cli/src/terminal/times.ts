import { formatDuration } from "@phi/shared/duration";
import type { Instant } from "@phi/shared/time";

const MINUTE = 60_000;
const DAY = 86_400_000;
const GRACE = 5_000;

/**
 * A point in time as a person reads it, on this machine's clock: `14:32 (in 27m)`, on another day
 * `2026-11-23 14:32 +01:00 (in 1d3h)`. JSON always has the instant in UTC instead.
 */
export function timeForPeople(instant: Instant, now: Instant): string {
  return `${clockTime(instant, now)} (${relative(instant, now)})`;
}

/** `14:32` on the same local day, else date, time and offset from UTC. */
export function clockTime(instant: Instant, now: Instant): string {
  const at = new Date(instant);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return localDay(at) === localDay(new Date(now)) ? time : `${localDay(at)} ${time} ${offset(at)}`;
}

/** `in 27m`, `3h20m ago`, `now`: two units at most. */
export function relative(instant: Instant, now: Instant): string {
  const distance = instant - now;
  if (Math.abs(distance) < 1_000) return "now";
  const length = shortLength(Math.abs(distance));
  return distance > 0 ? `in ${length}` : `${length} ago`;
}

/**
 * A length of time in milliseconds in at most two units: seconds below 2 minutes, no seconds above, no minutes from a day
 * on. Rounded down, so that nobody is promised time that is not there; but 29 m 58 s, a moment after the start, is `30m`.
 */
export function shortLength(ms: number): string {
  const step = ms < 2 * MINUTE ? 1_000 : ms < DAY ? MINUTE : 60 * MINUTE;
  const grace = step === 1_000 ? 0 : GRACE;
  return formatDuration((Math.floor((ms + grace) / step) * step) / 1_000);
}

/** Seconds as a stopwatch shows them: `0:41`, `12:05`, `1:02:09`. */
export function stopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

/** `2026-11-22 17:05:09Z`: for the audit trail, which people on several continents compare. */
export function utcTime(instant: Instant): string {
  return new Date(instant)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d{3}Z$/, "Z");
}

/** Date, time to the second and offset: `2026-11-22 18:05:09 +01:00`, or `2026-11-22 17:05:09Z` in UTC. */
export function instantForPeople(instant: Instant, utc: boolean): string {
  if (utc) return utcTime(instant);
  const at = new Date(instant);
  return `${localDay(at)} ${timeOfDay(at)} ${offset(at)}`;
}

/** `18:05:09`, on this machine's clock or in UTC. */
export function secondsOfDay(instant: Instant, utc: boolean): string {
  return utc ? utcTime(instant).slice(11, 19) : timeOfDay(new Date(instant));
}

function timeOfDay(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function localDay(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
