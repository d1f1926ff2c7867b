import { setImmediate } from "node:timers/promises";
import { and, eq, or, sql } from "drizzle-orm";
import type { RequestRecord } from "../domain/report.js";
import type { RecordsFilter, RequestRecords } from "../ports/request-records.js";
import { approvals } from "./schema/approvals.js";
import { leases } from "./schema/leases.js";
import { requests } from "./schema/requests.js";
import type { Store } from "./store.js";

/** Requests that are looked at in one go: some ms of the database's time. */
const AT_ONCE = 1_000;

/**
 * Reads what reports are made of. Every request asked for before the end is looked at, because an old one can still be open; what is long
 * over is passed by in the database.
 */
export function createRequestRecords(read: Store["read"]): RequestRecords {
  return async function* records({ since, until, resource, person, requester }: RecordsFilter) {
    for (let at = 0, id = ""; ; await setImmediate()) {
      const page = read
        .select()
        .from(requests)
        .where(sql`(${requests.createdAt}, ${requests.id}) > (${at}, ${id}) and ${requests.createdAt} < ${until}`)
        .orderBy(requests.createdAt, requests.id)
        .limit(AT_ONCE)
        .as("page");
      const [end] = await read
        .select({ at: page.createdAt, id: page.id })
        .from(page)
        .limit(1)
        .offset(AT_ONCE - 1);
      const rows = await read
        .select({
          subject: page.requesterSubject,
          name: page.requesterName,
          teams: page.requesterGroups,
          resource: page.resource,
          role: page.role,
          state: page.state,
          approvalsNeeded: page.approvalsNeeded,
          createdAt: page.createdAt,
          approvedAt: page.approvedAt,
          startedAt: page.startedAt,
          expiresAt: page.expiresAt,
          endedAt: page.endedAt,
          endedBecause: page.endedBecause,
          approvers: sql<string>`(select json_group_array(approver_name) from ${approvals} where request_id = ${page.id} and verdict = 'approve')`,
          overdue: sql<number>`(select count(*) from ${leases} where request_id = ${page.id} and overdue_since is not null)`,
        })
        .from(page)
        .where(
          and(
            sql`(${page.endedAt} is null or ${page.endedAt} >= ${since})`,
            resource === undefined ? undefined : eq(page.resource, resource),
            person === undefined ? undefined : or(eq(page.requesterName, person), eq(page.requesterSubject, person)),
            requester === undefined
              ? undefined
              : and(eq(page.requesterIssuer, requester.issuer), eq(page.requesterSubject, requester.subject)),
          ),
        );
      yield rows.map(
        ({
          subject,
          name,
          approvers,
          approvedAt,
          startedAt,
          expiresAt,
          endedAt,
          endedBecause,
          ...row
        }): RequestRecord => ({
          ...row,
          person: name === subject ? name : `${name} (${subject})`,
          approvers: JSON.parse(approvers) as string[],
          isRevoked: endedBecause === "revoked",
          approvedAt: approvedAt ?? undefined,
          startedAt: startedAt ?? undefined,
          expiresAt: expiresAt ?? undefined,
          endedAt: endedAt ?? undefined,
        }),
      );
      if (end === undefined) return;
      ({ at, id } = end);
    }
  };
}
