import type { AuditFilter as AskedFilter, AuditEvent, AuditQuery } from "@phi/shared/contract/audit-event";
import { kindsMeant } from "@phi/shared/contract/audit-outcome";
import type { RequestId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import type { AuditFilter } from "../ports/audit-log.js";
import type { Ledger } from "../ports/ledger.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";

/** Characters of JSON after which a page ends early: events with long commands must fit in one answer too. */
const LONG_PAGE = 500_000;

export interface AuditReply {
  readonly events: AuditEvent[];
  /** Where the next page begins; absent when there are no more. */
  readonly next: number | undefined;
  /** The highest number of the log as it was read. */
  readonly head: number;
}

/** One page. Auditors and admins see everything; everybody else what concerns them. */
export function createQueryAudit({
  ledger,
  overview,
}: {
  readonly ledger: Pick<Ledger, "audit">;
  readonly overview: Pick<LedgerOverview, "newestEvent">;
}) {
  return async function queryAudit(caller: Caller, query: AuditQuery): Promise<AuditReply> {
    const head = (await overview.newestEvent())?.seq ?? 0;
    const found = await ledger.audit({
      ...auditFilterFor(caller, query),
      order: query.order,
      after: query.after,
      // What comes meanwhile belongs to the reader's next look, or `head` would pass over it.
      before: Math.min(query.before ?? Number.POSITIVE_INFINITY, head + 1),
      limit: query.limit + 1,
    });
    const events: AuditEvent[] = [];
    let length = 0;
    for (const event of found.slice(0, query.limit)) {
      length += JSON.stringify(event).length;
      if (events.length > 0 && length > LONG_PAGE) break;
      events.push(event);
    }
    return { events, next: found.length > events.length ? events.at(-1)?.seq : undefined, head };
  };
}

/** The filter as the log takes it, with what the caller may see. */
export function auditFilterFor(caller: Caller, asked: AskedFilter): AuditFilter {
  return {
    since: asked.since === undefined ? undefined : Date.parse(asked.since),
    until: asked.until === undefined ? undefined : Date.parse(asked.until),
    actor: asked.actor,
    resource: asked.resource,
    request: asked.request as RequestId | undefined,
    kinds: kindsMeant(asked.kind, asked.outcome),
    text: asked.text,
    visibleTo: caller.mayAudit ? undefined : caller.principal,
  };
}
