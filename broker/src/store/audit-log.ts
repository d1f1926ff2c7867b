import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { AuditReading } from "../ports/audit-log.js";
import { eventsMatching } from "./audit-filter.js";
import { firstSince, inOrder, newestSeq, spans } from "./audit-spans.js";
import { eventFromRow } from "./event-rows.js";
import { auditEvents } from "./schema/audit-events.js";
import type { Store } from "./store.js";

/** Reading the audit log. Writing it is part of each change: see the ledger's `commit`. */
export function createAuditLog(read: Store["read"]) {
  return {
    /** At most `limit` events, by their numbers. */
    async query({ order = "oldest", after = 0, before, limit, ...filter }: AuditReading): Promise<AuditEvent[]> {
      const to = Math.min(await newestSeq(read), (before ?? Number.POSITIVE_INFINITY) - 1);
      const begin = async () =>
        filter.since === undefined || after > 0
          ? after + 1
          : ((await firstSince(read, filter.since)) ?? Number.POSITIVE_INFINITY);
      // From the newest end what is wanted is mostly near: only who reads on needs to know where time begins.
      let from = order === "oldest" ? await begin() : undefined;
      const found: AuditEvent[] = [];
      for await (const span of spans({ from: from ?? after + 1, to }, order)) {
        const rows = await read
          .select()
          .from(auditEvents)
          .where(eventsMatching(read, filter, span))
          .orderBy(inOrder(order))
          .limit(limit - found.length);
        found.push(...rows.map(eventFromRow));
        if (found.length >= limit) break;
        from ??= await begin();
        if (order === "newest" && span.from <= from) break;
      }
      return found;
    },
  };
}
