import type { LeaseId, LockId, RequestId } from "@phi/shared/ids";
import type { Lock } from "../domain/lock.js";
import type { Locks, People } from "../ports/locks.js";
import { auditEvents } from "./schema/audit-events.js";
import { locks } from "./schema/locks.js";
import { signIns } from "./schema/sign-ins.js";
import { rowTo, select } from "./select.js";
import { sql } from "./sql.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

/** More than these are not listed; whoever needs so many locks should stop the broker. */
const MOST_LOCKS = 1_000;
/** Who signed in last: enough to find a typing mistake in. */
const MOST_NAMES = 2_000;
/** People of one name. */
const MOST_NAMESAKES = 20;

export function createLocks({ rows }: Pick<Store, "rows">): Locks {
  return withWords<Locks>({
    async on({ principal, resource }) {
      const found = await rows(
        select(
          locks,
          sql`where ${locks.liftedAt} is null and (${locks.resource} = ${resource ?? null} or
            (${locks.principalIssuer} = ${principal?.issuer ?? null} and ${locks.principalSubject} = ${principal?.subject ?? null}))
            order by ${locks.setAt} limit 1`,
        ),
      );
      const [row] = found;
      return row && lockFromRow(rowTo(locks, row));
    },

    async inForce() {
      const found = await rows(
        select(
          locks,
          sql`where ${locks.liftedAt} is null order by ${locks.setAt} desc, ${locks.id} limit ${MOST_LOCKS}`,
        ),
      );
      return found.map((row) => lockFromRow(rowTo(locks, row)));
    },

    async endedBy({ id, setAt }) {
      const events = await rows(
        sql`select ${auditEvents.requestId}, ${auditEvents.leaseId} from ${auditEvents}
          where ${auditEvents.kind} in ('request.withdrawn', 'request.ended', 'lease.revoking') and ${auditEvents.at} = ${setAt}
            and ${auditEvents.data} ->> 'lock' = ${id} order by ${auditEvents.seq}`,
      );
      const leases = events.flatMap(([, lease]) => (typeof lease === "string" ? [lease as LeaseId] : []));
      const requests = events.flatMap(([request, lease]) =>
        typeof request === "string" && lease === null ? [request as RequestId] : [],
      );
      return { requests, leases };
    },
  });
}

/** A column beside `max` is of the newest row: https://sqlite.org/lang_select.html#bareagg */
export function createPeople({ rows }: Pick<Store, "rows">): People {
  return withWords<People>({
    async called(word) {
      const found = await rows(
        sql`select issuer, subject, name from (
            select ${signIns.principalIssuer} as issuer, ${signIns.principalSubject} as subject, ${signIns.principalName} as name, max(${signIns.createdAt})
            from ${signIns} where ${signIns.principalSubject} in
              (select ${signIns.principalSubject} from ${signIns} where ${signIns.principalSubject} = ${word} or ${signIns.principalName} = ${word})
            group by 1, 2)
          where subject = ${word} or name = ${word} limit ${MOST_NAMESAKES}`,
      );
      return found.map(([issuer, subject, name]) => ({
        issuer: String(issuer),
        subject: String(subject),
        name: String(name),
      }));
    },

    async names() {
      const found = await rows(
        sql`select ${signIns.principalName} from ${signIns} group by 1 order by max(${signIns.createdAt}) desc limit ${MOST_NAMES}`,
      );
      return found.map(([name]) => String(name));
    },
  });
}

function lockFromRow(row: typeof locks.$inferSelect): Lock {
  const { principalIssuer: issuer, principalSubject: subject, principalName: name, resource } = row;
  const about = { id: row.id as LockId, reason: row.reason, setBy: row.setBy, setAt: row.setAt };
  if (resource !== null) return { ...about, target: { on: "resource", resource } };
  if (issuer === null || subject === null || name === null)
    throw new Error(`damaged ledger: target of ${row.id} is missing`);
  return { ...about, target: { on: "principal", principal: { issuer, subject, name } } };
}
