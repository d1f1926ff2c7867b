import { setImmediate } from "node:timers/promises";
import { asc, desc, max, sql } from "drizzle-orm";
import { cpuTime } from "./cpu-time.js";
import { auditEvents } from "./schema/audit-events.js";
import type { Store } from "./store.js";

/** Numbers of the log, both inclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How long the first span is. */
export const FIRST_LENGTH = 2_000;
const LONGEST = 500_000;
const SHORTEST = 100;
/** One statement should take about this long, in ms: the file client is synchronous, and every timer waits for it. */
const QUICK = 2;
const SLOW = 5;
/** Entries of the index by time that are read at once; a ms or two. */
const TIMES_AT_ONCE = 5_000;

/**
 * Cuts a part of the log into spans that are read one after the other, so that no question about it stops the broker's timers, however
 * little of it fits and whatever index there is. Spans grow while they are quick to read and shrink when they are not.
 */
export async function* spans({ from, to }: Span, order: "oldest" | "newest"): AsyncGenerator<Span, void, void> {
  let length = FIRST_LENGTH;
  let low = from;
  let high = to;
  while (low <= high) {
    const span =
      order === "oldest"
        ? { from: low, to: Math.min(high, low + length - 1) }
        : { from: Math.max(low, high - length + 1), to: high };
    const began = cpuTime();
    yield span;
    const took = cpuTime() - began;
    length = nextLength(length, took);
    if (order === "oldest") low = span.to + 1;
    else high = span.from - 1;
    await setImmediate();
  }
}

/** Spans grow while they are quick to read, and shrink when one was not; `took` in ms of processor time. */
export function nextLength(length: number, took: number): number {
  if (took < QUICK) return Math.min(2 * length, LONGEST);
  return took > SLOW ? Math.max(Math.floor(length / 2), SHORTEST) : length;
}

/** The highest number of the log; 0 when it is empty. */
export async function newestSeq(read: Store["read"]): Promise<number> {
  const [row] = await read.select({ seq: max(auditEvents.seq) }).from(auditEvents);
  return row?.seq ?? 0;
}

/**
 * The lowest number of an event at or after the instant; `undefined` when there is none. Times in the log rise almost always: the
 * clock can have been set, and events of several brokers overlap. So each event since then is looked at, in the index alone.
 */
export async function firstSince(read: Store["read"], since: number): Promise<number | undefined> {
  let least: number | undefined;
  for (let at = since; ; await setImmediate()) {
    const [found] = await read.all<{ least: number | null; last: number | null; count: number }>(sql`
      select min(seq) as least, max(at) as last, count(*) as count
      from (select seq, at from ${auditEvents} where at >= ${at} order by at limit ${TIMES_AT_ONCE})`);
    if (found?.least === null || found?.last === null || found === undefined) return least;
    least = Math.min(found.least, least ?? found.least);
    if (found.count < TIMES_AT_ONCE) return least;
    if (found.last > at) {
      at = found.last;
      continue;
    }
    // More events in one millisecond than are read at once.
    const [same] = await read.all<{ least: number }>(
      sql`select min(seq) as least from ${auditEvents} where at = ${at}`,
    );
    least = Math.min(least, same?.least ?? least);
    at += 1;
  }
}

/** In the order of the log, or against it. */
export const inOrder = (order: "oldest" | "newest") =>
  order === "oldest" ? asc(auditEvents.seq) : desc(auditEvents.seq);
