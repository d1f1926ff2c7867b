import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { and, asc, eq, gt, gte, inArray, like, lt, or, type SQL } from "drizzle-orm";
import type { AuditFilter } from "../ports/ledger.js";
import { eventFromRow } from "./event-rows.js";
import { auditEvents, requests } from "./schema.js";
import type { Store } from "./store.js";

/** Reading the audit log. Writing it is part of each change: see the ledger's `commit`. */
export function createAuditLog(read: Store["read"]) {
  return {
    /** Oldest first. */
    async query(filter: AuditFilter): Promise<AuditEvent[]> {
      const conditions: (SQL | undefined)[] = [];
      if (filter.since !== undefined) conditions.push(gte(auditEvents.at, filter.since));
      if (filter.until !== undefined) conditions.push(lt(auditEvents.at, filter.until));
      if (filter.actor !== undefined) {
        conditions.push(or(eq(auditEvents.actorName, filter.actor), eq(auditEvents.actorSubject, filter.actor)));
      }
      if (filter.resource !== undefined) conditions.push(eq(auditEvents.resource, filter.resource));
      if (filter.request !== undefined) conditions.push(eq(auditEvents.requestId, filter.request));
      if (filter.kind !== undefined) {
        conditions.push(
          filter.kind.includes(".") ? eq(auditEvents.kind, filter.kind) : like(auditEvents.kind, `${filter.kind}.%`),
        );
      }
      if (filter.after !== undefined) conditions.push(gt(auditEvents.seq, filter.after));
      if (filter.visibleTo !== undefined) {
        const { issuer, subject } = filter.visibleTo;
        conditions.push(
          or(
            and(eq(auditEvents.actorIssuer, issuer), eq(auditEvents.actorSubject, subject)),
            inArray(
              auditEvents.requestId,
              read
                .select({ id: requests.id })
                .from(requests)
                .where(and(eq(requests.requesterIssuer, issuer), eq(requests.requesterSubject, subject))),
            ),
          ),
        );
      }
      const rows = await read
        .select()
        .from(auditEvents)
        .where(and(...conditions))
        .orderBy(asc(auditEvents.seq))
        .limit(filter.limit);
      return rows.map(eventFromRow);
    },
  };
}
