import type { DelegationId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Delegation } from "../domain/delegation.js";
import type { Delegations } from "../ports/delegations.js";
import { isLocked } from "./lock-steps.js";
import { delegations } from "./schema/delegations.js";
import { signIns } from "./schema/sign-ins.js";
import { everyColumn, rowTo, select } from "./select.js";
import { sql } from "./sql.js";
import type { Statement } from "./statement.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

/** More than these are not looked at; nobody answers for so many. */
const MOST = 100;

export function createDelegations({ rows }: Pick<Store, "rows">): Delegations {
  const read = async (rest: Statement) =>
    (await rows(select(delegations, rest))).map((row) => delegationFromRow(rowTo(delegations, row)));

  return withWords<Delegations>({
    async standIns({ issuer, subject }, now) {
      const from = { issuer: delegations.fromIssuer, subject: delegations.fromSubject };
      const found = await rows(
        sql`select (select ${signIns.principalGroups} from ${signIns} where ${signIns.principalSubject} = ${from.subject}
              and ${signIns.principalIssuer} = ${from.issuer} order by ${signIns.createdAt} desc limit 1), ${everyColumn(delegations)}
            from ${delegations} where ${delegations.toSubject} = ${subject} and ${delegations.toIssuer} = ${issuer}
              and ${delegations.endedAt} is null and ${delegations.until} > ${now} and not ${isLocked({ principal: from })}
            order by ${delegations.createdAt} limit ${MOST}`,
      );
      return found.map((row) => {
        const { id, from: principal, resource } = delegationFromRow(rowTo(delegations, row, 1));
        const groups = JSON.parse(String(row[0] ?? "[]")) as string[];
        return { delegation: id, principal: { ...principal, groups }, resource };
      });
    },

    of: ({ issuer, subject }, now) =>
      read(sql`where ${delegations.endedAt} is null and ${delegations.until} > ${now} and
        ((${delegations.fromSubject} = ${subject} and ${delegations.fromIssuer} = ${issuer}) or
         (${delegations.toSubject} = ${subject} and ${delegations.toIssuer} = ${issuer}))
        order by ${delegations.createdAt} desc limit ${MOST}`),

    async one(id) {
      return (await read(sql`where ${delegations.id} = ${id}`))[0];
    },

    over: (now, limit) =>
      read(sql`where ${delegations.endedAt} is null and ${delegations.until} <= ${now} limit ${limit}`),
  });
}

/** `exists …`: the delegation is in force at the instant. */
export function isDelegated(id: DelegationId, at: Instant): Statement {
  return sql`exists (select 1 from ${delegations} where ${delegations.id} = ${id} and ${delegations.endedAt} is null and ${delegations.until} > ${at})`;
}

export function delegationToRow({ id, from, to, resource, reason, createdAt, until }: Delegation) {
  return {
    id,
    fromIssuer: from.issuer,
    fromSubject: from.subject,
    fromName: from.name,
    toIssuer: to.issuer,
    toSubject: to.subject,
    toName: to.name,
    resource: resource ?? null,
    reason,
    createdAt,
    until,
  };
}

function delegationFromRow(row: typeof delegations.$inferSelect): Delegation {
  return {
    id: row.id as DelegationId,
    from: { issuer: row.fromIssuer, subject: row.fromSubject, name: row.fromName },
    to: { issuer: row.toIssuer, subject: row.toSubject, name: row.toName },
    resource: row.resource ?? undefined,
    reason: row.reason,
    createdAt: row.createdAt,
    until: row.until,
  };
}
