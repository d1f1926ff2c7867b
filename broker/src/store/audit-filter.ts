import { and, eq, exists, gte, inArray, lt, or, type SQL, sql } from "drizzle-orm";
import type { AuditFilter } from "../ports/audit-log.js";
import { auditEvents, requests } from "./schema.js";
import type { Store } from "./store.js";

/**
 * The filter as a condition on rows of the log. It is always asked of a span of the log (`seq between`), never of all of it: the
 * unary plus keeps SQLite from walking an index through the whole log for each span. Only a request's own events are few.
 */
export function eventsMatching(read: Store["read"], filter: AuditFilter): SQL | undefined {
  const { since, until, actor, resource, request, kinds, text, visibleTo } = filter;
  return and(
    since === undefined ? undefined : gte(sql`+${auditEvents.at}`, since),
    until === undefined ? undefined : lt(sql`+${auditEvents.at}`, until),
    actor === undefined
      ? undefined
      : or(eq(sql`+${auditEvents.actorName}`, actor), eq(sql`+${auditEvents.actorSubject}`, actor)),
    resource === undefined ? undefined : eq(sql`+${auditEvents.resource}`, resource),
    request === undefined ? undefined : eq(auditEvents.requestId, request),
    kinds === undefined ? undefined : inArray(sql`+${auditEvents.kind}`, [...kinds]),
    text === undefined ? undefined : hasText(text),
    visibleTo === undefined
      ? undefined
      : or(
          and(eq(auditEvents.actorSubject, visibleTo.subject), eq(auditEvents.actorIssuer, visibleTo.issuer)),
          exists(
            read
              .select({ one: sql`1` })
              .from(requests)
              .where(
                and(
                  eq(requests.id, auditEvents.requestId),
                  eq(requests.requesterIssuer, visibleTo.issuer),
                  eq(requests.requesterSubject, visibleTo.subject),
                ),
              ),
          ),
        ),
  );
}

/**
 * Somewhere in a value of the event's data, or in what people typed. The JSON text is looked at first: it is quick, and only its names
 * can mislead.
 */
function hasText(text: string): SQL | undefined {
  const containing = (part: string) => `%${part.replaceAll(/[!%_]/g, "!$&")}%`;
  const written = JSON.stringify(text).slice(1, -1);
  const within = (column: typeof auditEvents.data | typeof auditEvents.texts) =>
    sql`(${column} like ${containing(written)} escape '!' and exists (
      select 1 from json_tree(${column}) as leaf where leaf.atom like ${containing(text)} escape '!'))`;
  return or(within(auditEvents.texts), within(auditEvents.data));
}
