import type { EventId } from "@phi/shared/ids";
import { and, asc, desc, eq, inArray, isNotNull, lt, sql } from "drizzle-orm";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import { leaseFromRow, requestFromRow } from "./rows.js";
import { auditEvents } from "./schema/audit-events.js";
import { leases } from "./schema/leases.js";
import { requests } from "./schema/requests.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

/** More are not looked at in one go; SQLite takes some thousands of parameters in one statement. */
const HANDLES_AT_ONCE = 500;

/** Reads the whole ledger's shape over partial indexes, so that a million past leases cost nothing. */
export function createLedgerOverview({ read }: Pick<Store, "read">): LedgerOverview {
  const overdue = and(sql`${leases.state} = 'revoking'`, isNotNull(leases.overdueSince));

  return withWords<LedgerOverview>({
    async leaseCounts() {
      const counts = { issuing: 0, active: 0, revoking: 0, abandoned: 0 };
      const live = await read
        .select({ state: leases.state, count: sql<number>`count(*)` })
        .from(leases)
        .where(isNotNull(leases.dueAt))
        .groupBy(leases.state);
      for (const { state, count } of live) if (state !== "revoked") counts[state] = count;
      const [left] = await read
        .select({ count: sql<number>`count(*)` })
        .from(leases)
        .where(sql`${leases.state} = 'abandoned'`);
      return { ...counts, abandoned: left?.count ?? 0 };
    },

    async unreviewed(limit) {
      const missing = sql`${requests.emergency} is not null and ${requests.review} is null`;
      const [counted] = await read.select({ count: sql<number>`count(*)` }).from(requests).where(missing);
      const rows = await read.select().from(requests).where(missing).orderBy(asc(requests.createdAt)).limit(limit);
      return { count: counted?.count ?? 0, requests: rows.map(requestFromRow) };
    },

    async leases({ state, limit }) {
      const rows = await read
        .select()
        .from(leases)
        .where(
          state === "abandoned"
            ? sql`${leases.state} = 'abandoned'`
            : state === "revoked"
              ? eq(leases.state, state)
              : and(isNotNull(leases.dueAt), state === undefined ? undefined : eq(leases.state, state)),
        )
        .orderBy(desc(leases.createdAt))
        .limit(limit);
      return rows.map(leaseFromRow);
    },

    async overdueLeases(limit) {
      const rows = await read.select().from(leases).where(overdue).orderBy(asc(leases.overdueSince)).limit(limit);
      return rows.map(leaseFromRow).filter((lease) => lease.state === "revoking");
    },

    async countOverdue() {
      const [row] = await read.select({ count: sql<number>`count(*)` }).from(leases).where(overdue);
      return row?.count ?? 0;
    },

    async lagging(limit) {
      // So written, it is read from the partial index `leases_lagging`.
      const behind = and(isNotNull(leases.targetExpiresAt), sql`${leases.state} = 'active'`);
      const [counted] = await read.select({ count: sql<number>`count(*)` }).from(leases).where(behind);
      const rows = await read.select().from(leases).where(behind).orderBy(asc(leases.targetExpiresAt)).limit(limit);
      return {
        count: counted?.count ?? 0,
        leases: rows.map(leaseFromRow).filter((lease) => lease.state === "active"),
      };
    },

    targets: (now) =>
      read
        .select({
          resource: leases.resource,
          live: sql<number>`count(*)`,
          due: sql<number>`sum(${leases.state} = 'revoking' or ${leases.dueAt} <= ${now})`,
        })
        .from(leases)
        .where(isNotNull(leases.dueAt))
        .groupBy(leases.resource),

    async leasesByHandle(resource, handles) {
      const found = [];
      for (let start = 0; start < handles.length; start += HANDLES_AT_ONCE) {
        const some = handles.slice(start, start + HANDLES_AT_ONCE);
        const rows = await read
          .select()
          .from(leases)
          .where(and(eq(leases.resource, resource), inArray(leases.handleText, some)));
        found.push(...rows.map(leaseFromRow));
      }
      return found;
    },

    async activeOn(resource, createdBefore) {
      const rows = await read
        .select()
        .from(leases)
        .where(
          and(
            isNotNull(leases.dueAt),
            eq(leases.resource, resource),
            eq(leases.state, "active"),
            lt(leases.createdOnTarget, createdBefore),
          ),
        );
      return rows.map(leaseFromRow).filter((lease) => lease.state === "active");
    },

    async newestEvent() {
      const [row] = await read
        .select({ id: auditEvents.id, seq: auditEvents.seq })
        .from(auditEvents)
        .orderBy(desc(auditEvents.seq))
        .limit(1);
      return row && { id: row.id as EventId, seq: row.seq };
    },

    async hasEvent(id) {
      const rows = await read.select({ id: auditEvents.id }).from(auditEvents).where(eq(auditEvents.id, id)).limit(1);
      return rows.length > 0;
    },

    async hasLease(id) {
      const rows = await read.select({ id: leases.id }).from(leases).where(eq(leases.id, id)).limit(1);
      return rows.length > 0;
    },

    async bytes() {
      try {
        const row = await read.get<[number] | { bytes: number }>(
          sql`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`,
        );
        return Array.isArray(row) ? row[0] : row?.bytes;
      } catch {
        return undefined; // a server need not tell
      }
    },
  });
}
