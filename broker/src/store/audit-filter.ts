import { and, between, eq, exists, gte, inArray, lt, or, type SQL, sql } from "drizzle-orm";
import type { AuditFilter } from "../ports/audit-log.js";
import type { Span } from "./audit-spans.js";
import { auditEvents } from "./schema/audit-events.js";
import { requests } from "./schema/requests.js";
import type { Store } from "./store.js";

/**
 * The events of a span that fit. The log is always asked span by span, never as a whole. The unary plus keeps SQLite from walking the index
 * by time, which alone does not know the span; and either way of naming an actor has the span to itself, or its index would be walked whole.
 */
export function eventsMatching(read: Store["read"], filter: AuditFilter, { from, to }: Span): SQL | undefined {
  const { since, until, actor, resource, request, kinds, text, visibleTo } = filter;
  const within = between(auditEvents.seq, from, to);
  return and(
    within,
    since === undefined ? undefined : gte(sql`+${auditEvents.at}`, since),
    until === undefined ? undefined : lt(sql`+${auditEvents.at}`, until),
    actor === undefined
      ? undefined
      : or(and(within, eq(auditEvents.actorName, actor)), and(within, eq(auditEvents.actorSubject, actor))),
    resource === undefined ? undefined : eq(auditEvents.resource, resource),
    request === undefined
      ? undefined
      : // With what people asked for to make it longer.
        or(
          and(within, eq(auditEvents.requestId, request)),
          and(
            within,
            inArray(
              auditEvents.requestId,
              read.select({ id: requests.id }).from(requests).where(eq(requests.extends, request)),
            ),
          ),
        ),
    kinds === undefined ? undefined : inArray(auditEvents.kind, [...kinds]),
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
