import { setImmediate } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";
import type { AuditExports } from "../ports/audit-log.js";
import { eventsMatching } from "./audit-filter.js";
import { FIRST_LENGTH, firstSince, newestSeq, nextLength } from "./audit-spans.js";
import { cpuTime } from "./cpu-time.js";
import { type ExportSource, lineFormat } from "./export-formats.js";
import { auditEvents } from "./schema/audit-events.js";
import type { Value } from "./statement.js";
import type { Store } from "./store.js";

const dialect = new SQLiteAsyncDialect();

/**
 * Lines of one piece, and how long the database should take for them, in ms: it is synchronous, and every timer waits for it. Small pieces
 * also keep the memory small that waits for the collector.
 */
const MOST = 100;
const FEWEST = 20;
const LONG = 2;

/**
 * Writes events as lines, as bytes on their way out: never strings of this process.
 * Memory and the time between two pieces are bounded however many events there are; timers run between pieces.
 */
export function createAuditExports({ read, rows }: Pick<Store, "read" | "rows">, source: ExportSource): AuditExports {
  return async function* exportEvents({ filter, format, after, to }) {
    const { header, line, beside = sql`` } = lineFormat(format, source);
    const end = to ?? (await newestSeq(read));
    if (header !== "") yield { bytes: new TextEncoder().encode(header), upTo: after };
    const first = filter.since === undefined || after > 0 ? after + 1 : await firstSince(read, filter.since);
    if (first === undefined) return;
    let most = MOST;
    let length = FIRST_LENGTH;
    for (let from = first; from <= end; await setImmediate()) {
      const span = { from, to: Math.min(end, from + length - 1) };
      const began = cpuTime();
      const statement = sql`
        select cast(group_concat(line, char(10)) || char(10) as blob), max(seq), count(*) from (
          select e.seq as seq, ${line} as line
          from (select * from ${auditEvents} where ${eventsMatching(read, filter, span)} order by seq limit ${most}) e ${beside})`;
      // The text is the same for every piece, so it stays prepared.
      const { sql: text, params } = dialect.sqlToQuery(statement);
      const [[bytes, last, count] = []] = await rows({ sql: text, args: params as Value[] });
      const took = cpuTime() - began;
      if (bytes instanceof Uint8Array && typeof last === "number") {
        yield { bytes, upTo: last };
        if (count === most) {
          from = last + 1;
          most = fitting(most, took);
          continue;
        }
      }
      from = span.to + 1;
      length = nextLength(length, took);
    }
  };
}

/** As many lines as take {@link LONG}, going by the last piece; formats differ, and so do events. */
function fitting(most: number, took: number): number {
  return Math.round(Math.min(MOST, Math.max(FEWEST, (most * LONG) / Math.max(took, 1))));
}
