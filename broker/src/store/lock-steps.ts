import type { Column } from "drizzle-orm";
import type { Lock, LockTarget } from "../domain/lock.js";
import { auditEvents } from "./schema/audit-events.js";
import { leases } from "./schema/leases.js";
import { locks } from "./schema/locks.js";
import { requests } from "./schema/requests.js";
import { signIns } from "./schema/sign-ins.js";
import { sql } from "./sql.js";
import type { Statement } from "./statement.js";

/** What a lock forbids, and what it ends, in SQL. */

/** A value, or a column of the row that is looked at. */
type Meant = string | Column;

export function lockToRow({ id, target, reason, setBy, setAt }: Lock): typeof locks.$inferInsert {
  const row = { id, reason, setBy, setAt };
  if (target.on === "resource") return { ...row, resource: target.resource };
  const { issuer, subject, name } = target.principal;
  return { ...row, principalIssuer: issuer, principalSubject: subject, principalName: name };
}

/** `exists …`: a lock is in force on the principal, or on the resource. Each half is one look into a partial index that holds only the locks in force. */
export function isLocked(about: {
  readonly principal?: { readonly issuer: Meant; readonly subject: Meant };
  readonly resource?: Meant;
}): Statement {
  const { principal, resource } = about;
  const onPrincipal =
    principal === undefined
      ? sql`0`
      : sql`exists (select 1 from ${locks} where ${locks.liftedAt} is null and ${locks.principalIssuer} = ${principal.issuer} and ${locks.principalSubject} = ${principal.subject})`;
  const onResource =
    resource === undefined
      ? sql`0`
      : sql`exists (select 1 from ${locks} where ${locks.liftedAt} is null and ${locks.resource} = ${resource})`;
  return sql`(${onPrincipal} or ${onResource})`;
}

/**
 * Ends all that is open of the lock's target. The events come before the changes that they tell of, because both are chosen by what is
 * open; the lock is in force already, so nothing can be opened between them.
 */
export function endLocked(
  { id, target, reason, setBy, setAt }: Lock,
  condition: Statement,
): { first: Statement; rest: Statement[] } {
  const comment = `locked by ${setBy}: ${reason}`;
  const open = sql`${requests.state} in ('pending', 'approved', 'active') and ${requestsOf(target)} and ${condition}`;
  const live = sql`${leases.state} in ('issuing', 'active') and ${leases.dueAt} is not null and ${leasesOf(target)} and ${condition}`;
  const data = sql`json_object('because', 'locked', 'lock', ${id})`;
  const newEvent = sql`'evt_' || lower(hex(randomblob(8))), ${setAt}`;
  const ended = [
    sql`update ${requests} set
      ended_because = case ${requests.state} when 'pending' then null else 'revoked' end,
      state = case ${requests.state} when 'pending' then 'withdrawn' else 'ended' end,
      ended_at = ${setAt}, end_comment = ${comment}, due_at = null where ${open}`,
    sql`insert into ${auditEvents} (id, at, kind, resource, request_id, lease_id, session_id, data)
      select ${newEvent}, 'lease.revoking', ${leases.resource}, ${leases.requestId}, ${leases.id}, ${leases.sessionId},
        json_object('because', 'revoked', 'handle', ${leases.handleText}, 'lock', ${id})
      from ${leases} where ${live}`,
    sql`update ${leases} set state = 'revoking', epoch = ${leases.epoch} + 1, because = 'revoked', revoking_since = ${setAt}, due_at = ${setAt}
      where ${live}`,
  ];
  if (target.on === "principal") {
    const { issuer, subject } = target.principal;
    const signedIn = sql`${signIns.principalSubject} = ${subject} and ${signIns.principalIssuer} = ${issuer} and ${signIns.endedAt} is null and ${condition}`;
    ended.push(
      sql`insert into ${auditEvents} (id, at, kind, data)
        select ${newEvent}, 'sign_in.ended', json_object('because', 'locked', 'lock', ${id}, 'signIn', ${signIns.id})
        from ${signIns} where ${signedIn} and ${signIns.expiresAt} > ${setAt}`,
      sql`update ${signIns} set ended_at = ${setAt} where ${signedIn}`,
    );
  }
  return {
    first: sql`insert into ${auditEvents} (id, at, kind, resource, request_id, data)
      select ${newEvent}, case ${requests.state} when 'pending' then 'request.withdrawn' else 'request.ended' end,
        ${requests.resource}, ${requests.id}, ${data}
      from ${requests} where ${open} order by ${requests.createdAt}`,
    rest: ended,
  };
}

function requestsOf(target: LockTarget): Statement {
  if (target.on === "resource") return sql`${requests.resource} = ${target.resource}`;
  const { issuer, subject } = target.principal;
  return sql`${requests.requesterIssuer} = ${issuer} and ${requests.requesterSubject} = ${subject}`;
}

function leasesOf(target: LockTarget): Statement {
  if (target.on === "resource") return sql`${leases.resource} = ${target.resource}`;
  return sql`${leases.requestId} in (select ${requests.id} from ${requests} where ${requestsOf(target)})`;
}
