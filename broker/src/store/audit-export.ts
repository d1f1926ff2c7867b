import { setImmediate } from "node:timers/promises";
import { sql } from "drizzle-orm";
import type { AuditExports } from "../ports/audit-log.js";
import { eventsMatching } from "./audit-filter.js";
import { firstSince, newestSeq, spans } from "./audit-spans.js";
import { type ExportSource, lineFormat } from "./export-formats.js";
import { auditEvents } from "./schema.js";
import type { Store } from "./store.js";

/** Lines of one piece, and how long the database should take for them, in ms: its file client is synchronous, and every timer waits for it. */
const MOST = 2_000;
const FEWEST = 100;
const LONG = 10;

/** Writes events as lines. Memory and the time between two pieces are bounded however many events there are; timers run between pieces. */
export function createAuditExports(read: Store["read"], source: ExportSource): AuditExports {
  return async function* exportEvents({ filter, format, after, to }) {
    const { header, line } = lineFormat(format, source);
    const end = to ?? (await newestSeq(read));
    if (header !== "") yield { text: header, upTo: after };
    const first = filter.since === undefined || after > 0 ? after + 1 : await firstSince(read, filter.since);
    if (first === undefined) return;
    let most = 500;
    for await (const span of spans({ from: first, to: end }, "oldest")) {
      for (let from = span.from; ; await setImmediate()) {
        const began = performance.now();
        const [piece] = await read.all<{ text: string | null; last: number | null; count: number }>(sql`
          select group_concat(line, char(10)) as text, max(seq) as last, count(*) as count from (
            select e.seq as seq, ${line} as line
            from (select * from ${auditEvents} where ${eventsMatching(read, filter, { from, to: span.to })} order by seq limit ${most}) e
            left join requests r on r.id = e.request_id left join sessions s on s.id = e.session_id)`);
        if (piece === undefined || piece.text === null || piece.last === null) break;
        const isLast = piece.count < most;
        if (!isLast) most = fitting(most, performance.now() - began);
        yield { text: `${piece.text}\n`, upTo: piece.last };
        if (isLast) break;
        from = piece.last + 1;
      }
    }
  };
}

/** As many lines as take {@link LONG}, going by the last piece; formats differ, and so do events. */
function fitting(most: number, took: number): number {
  return Math.round(Math.min(MOST, Math.max(FEWEST, (most * LONG) / Math.max(took, 1))));
}
