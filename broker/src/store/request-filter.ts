import { and, eq, inArray, lt, ne, or, type SQL, sql } from "drizzle-orm";
import type { RequestFilter } from "../ports/ledger.js";
import { requests } from "./schema.js";
import type { Store } from "./store.js";

/** Approvers match by group or subject; the list is JSON, and each selector is compared whole. */
export async function requestsMatching(read: Store["read"], filter: RequestFilter): Promise<SQL | undefined> {
  const { requester, approvableBy, reviewableBy, states, before } = filter;
  const conditions: (SQL | undefined)[] = [];
  if (requester !== undefined) {
    conditions.push(eq(requests.requesterIssuer, requester.issuer), eq(requests.requesterSubject, requester.subject));
  }
  if (approvableBy !== undefined) {
    const selectors = [...approvableBy.groups.map((group) => `group:${group}`), `principal:${approvableBy.subject}`];
    conditions.push(
      sql`exists (select 1 from json_each(${requests.approvers}) where json_each.value in (select value from json_each(${JSON.stringify(selectors)})))`,
      or(ne(requests.requesterIssuer, approvableBy.issuer), ne(requests.requesterSubject, approvableBy.subject)),
    );
  }
  if (reviewableBy !== undefined) {
    const selectors = [...reviewableBy.groups.map((group) => `group:${group}`), `principal:${reviewableBy.subject}`];
    conditions.push(
      sql`${requests.emergency} is not null and ${requests.review} is null`,
      sql`exists (select 1 from json_each(${requests.emergency}, '$.reviewers') where json_each.value in (select value from json_each(${JSON.stringify(selectors)})))`,
      or(ne(requests.requesterIssuer, reviewableBy.issuer), ne(requests.requesterSubject, reviewableBy.subject)),
    );
  }
  if (states !== undefined) conditions.push(inArray(requests.state, [...states]));
  if (before !== undefined) {
    const [edge] = await read.select({ at: requests.createdAt }).from(requests).where(eq(requests.id, before)).limit(1);
    if (edge !== undefined) {
      conditions.push(
        or(lt(requests.createdAt, edge.at), and(eq(requests.createdAt, edge.at), lt(requests.id, before))),
      );
    }
  }
  return and(...conditions);
}
