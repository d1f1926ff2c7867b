import type { Column } from "drizzle-orm";
import type { Erasure } from "../ports/ledger.js";
import { approvals } from "./schema/approvals.js";
import { auditEvents } from "./schema/audit-events.js";
import { leases } from "./schema/leases.js";
import { requests } from "./schema/requests.js";
import { sessions } from "./schema/sessions.js";
import { sql } from "./sql.js";
import type { Statement } from "./statement.js";

/** A command is a list of words, so it cannot be empty. */
const ERASED = JSON.stringify(["[erased]"]);

/** Events whose texts are meant. */
export function eventsOf(what: Erasure): Statement {
  return "event" in what
    ? sql`${auditEvents.id} = ${what.event} and ${auditEvents.texts} is not null`
    : sql`${auditEvents.requestId} = ${what.request} and ${auditEvents.texts} is not null`;
}

/** Empties the texts and salts of events, and every other place of the ledger that holds the same words. Each does something only if `condition` holds. */
export function eraseStatements(what: Erasure, condition: Statement): Statement[] {
  const emptied = sql`update ${auditEvents} set texts = null, salts = null where ${eventsOf(what)} and ${condition}`;
  if ("request" in what) {
    const { request } = what;
    return [
      sql`update ${requests} set reason = null, ticket = null, end_comment = null,
        offer = json_remove(offer, '$.reason'), review = iif(review is null, null, json_set(review, '$.reason', '[erased]'))
        where ${requests.id} = ${request} and ${condition}`,
      sql`update ${approvals} set reason = null where ${approvals.requestId} = ${request} and ${condition}`,
      sql`update ${sessions} set command = ${ERASED} where ${sessions.requestId} = ${request} and ${condition}`,
      sql`update ${leases} set last_error = null where ${leases.requestId} = ${request} and ${condition}`,
      emptied,
    ];
  }
  /** What the event is about, if it is of one of these kinds. */
  const about = (column: Column, ...kinds: string[]) =>
    sql`(select ${column} from ${auditEvents} where ${auditEvents.id} = ${what.event} and ${auditEvents.kind} in (select value from json_each(${JSON.stringify(kinds)})))`;
  const answers = ["approval.given", "request.approved", "request.denied"];
  const ends = ["request.denied", "request.withdrawn", "request.ended"];
  const failures = ["lease.issue_failed", "lease.revocation_failed", "lease.abandoned"];
  return [
    sql`update ${requests} set reason = null, ticket = null where ${requests.id} = ${about(auditEvents.requestId, "request.created")} and ${condition}`,
    sql`update ${requests} set end_comment = null where ${requests.id} = ${about(auditEvents.requestId, ...ends)} and ${condition}`,
    sql`update ${approvals} set reason = null where ${approvals.requestId} = ${about(auditEvents.requestId, ...answers)}
      and ${approvals.approverSubject} = (select ${auditEvents.actorSubject} from ${auditEvents} where ${auditEvents.id} = ${what.event}) and ${condition}`,
    sql`update ${sessions} set command = ${ERASED} where ${sessions.id} = ${about(auditEvents.sessionId, "session.started")} and ${condition}`,
    sql`update ${leases} set last_error = null where ${leases.id} = ${about(auditEvents.leaseId, ...failures)} and ${condition}`,
    emptied,
  ];
}
