import type { RequestId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Extension } from "../domain/extension.js";
import type { Request } from "../domain/request.js";
import { auditEvents } from "./schema/audit-events.js";
import { leases } from "./schema/leases.js";
import { reminders } from "./schema/reminders.js";
import { requests } from "./schema/requests.js";
import { sql, updateIf } from "./sql.js";
import type { Statement } from "./statement.js";

/** What extensions are in the ledger: columns of a request, and what they do to the window that they extend. */

/** Told to whoever asked for an extension whose window ended first. */
const ACCESS_OVER = "the access that it was to extend is over";

export function extensionFromRow(row: typeof requests.$inferSelect): { extends?: Extension } {
  const { extends: of, extendsStarted: startedAt, extendsFrom: from } = row;
  if (of === null) return {};
  if (startedAt === null || from === null)
    throw new Error(`damaged ledger: the window that ${row.id} extends is missing`);
  return { extends: { of: of as RequestId, startedAt, from } };
}

export function extensionToRow(request: Request): Partial<typeof requests.$inferInsert> {
  const { extends: extension } = request;
  if (extension === undefined) return {};
  return {
    extends: extension.of,
    extendsStarted: extension.startedAt,
    extendsFrom: extension.from,
    endedAt: request.state === "extended" ? request.endedAt : null,
  };
}

/** The window is open at the instant, and ends when it did when the extension was asked for. Whoever is locked has no open window. */
export function windowIs({ of, from }: Extension, at: Instant): Statement {
  return sql`exists (select 1 from ${requests} where ${requests.id} = ${of} and ${requests.state} = 'active' and ${requests.expiresAt} = ${from}
    and ${requests.expiresAt} > ${at})`;
}

/** One at a time: a second one would be for an end that the first one moves. */
export function noneIsPending(of: RequestId): Statement {
  return sql`not exists (select 1 from ${requests} where ${requests.extends} = ${of} and ${requests.state} = 'pending')`;
}

/**
 * The window ends later, and with it its live credentials; what their targets have as their end is kept, so that it can be seen to lag. The
 * review of an emergency has as long as before, and people are told anew that the window ends soon.
 */
export function extendWindow(
  { of, from }: Extension,
  until: Instant,
  condition: Statement,
  follow: Statement,
): { first: Statement; rest: Statement[] } {
  const later = until - from;
  // An acknowledged window lease lives as long as the window, a command's as long as its heart beats.
  const alive = sql`case when ${leases.use} = 'window' and ${leases.aliveUntil} = ${leases.expiresAt} then ${until} else ${leases.aliveUntil} end`;
  const live = sql`${leases.requestId} = ${of} and ${leases.state} in ('issuing', 'active')`;
  return {
    first: updateIf(
      requests,
      { expiresAt: until, dueAt: until },
      sql`${requests.id} = ${of} and ${requests.state} = 'active' and ${requests.expiresAt} = ${from} and ${condition}`,
    ),
    rest: [
      sql`update ${leases} set target_expires_at = coalesce(${leases.targetExpiresAt}, ${leases.expiresAt}), alive_until = ${alive},
        due_at = min(case ${leases.state} when 'issuing' then ${leases.createBy} else ${alive} end, ${until}), expires_at = ${until}
        where ${live} and ${follow}`,
      sql`update ${requests} set emergency = json_set(${requests.emergency}, '$.reviewBy', ${requests.emergency} ->> '$.reviewBy' + ${later}),
        review_due_at = ${requests.reviewDueAt} + ${later} where ${requests.id} = ${of} and ${requests.emergency} is not null and ${follow}`,
      sql`delete from ${reminders} where ${reminders.requestId} = ${of} and ${reminders.kind} = 'request.expiring' and ${follow}`,
    ],
  };
}

/** The target has the new end: nothing lags, unless the window has been extended again meanwhile. */
export function settleExtension(id: string, until: Instant, condition: Statement): Statement {
  return sql`update ${leases} set target_expires_at = null where ${leases.id} = ${id} and ${leases.state} = 'active'
    and ${leases.expiresAt} = ${until} and ${leases.targetExpiresAt} is not null and ${condition}`;
}

/** With the end of a window, whatever ended it, the extension of it that nobody has answered lapses; the event comes first, because both are chosen by what is pending. */
export function lapseExtensions(of: RequestId, condition: Statement): Statement[] {
  const over = sql`(select ${requests.state} from ${requests} where ${requests.id} = ${of}) = 'ended'`;
  const endedAt = sql`(select ${requests.endedAt} from ${requests} where ${requests.id} = ${of})`;
  const open = sql`${requests.extends} = ${of} and ${requests.state} = 'pending' and ${over} and ${condition}`;
  return [
    sql`insert into ${auditEvents} (id, at, kind, resource, request_id, data)
      select 'evt_' || lower(hex(randomblob(8))), ${endedAt}, 'request.lapsed', ${requests.resource}, ${requests.id},
        json_object('because', 'access_over', 'extends', ${of}) from ${requests} where ${open}`,
    sql`update ${requests} set state = 'lapsed', ended_at = ${endedAt}, due_at = null, end_comment = ${ACCESS_OVER} where ${open}`,
  ];
}
