import type { StandIn } from "../domain/delegation.js";
import { type Principal, selectorsOf } from "../domain/principal.js";
import type { RequestFilter } from "../ports/ledger.js";
import { requests } from "./schema/requests.js";
import { listed, sql } from "./sql.js";
import type { Statement } from "./statement.js";

/** Which requests are meant, as what follows `where`. */
export function requestsMatching(filter: RequestFilter): Statement {
  const { requester, approvableBy, reviewableBy, states, before } = filter;
  let meant = sql`1`;
  if (requester !== undefined) meant = sql`${meant} and ${isBy(requester)}`;
  if (approvableBy !== undefined) {
    const places = (filter.standIns ?? []).map(inPlaceOf);
    const named = places.reduce(
      (any, place) => sql`${any} or (${place})`,
      names(sql`${requests.approvers}`, approvableBy),
    );
    meant = sql`${meant} and (${named}) and not (${isBy(approvableBy)})`;
  }
  if (reviewableBy !== undefined) {
    meant = sql`${meant} and ${requests.emergency} is not null and ${requests.review} is null
      and ${names(sql`${requests.emergency}, '$.reviewers'`, reviewableBy)} and not (${isBy(reviewableBy)})`;
  }
  if (states !== undefined) meant = sql`${meant} and ${requests.state} in ${listed(states)}`;
  if (before !== undefined) {
    const edge = sql`from ${requests} as edge where edge.id = ${before}`;
    // An edge that is not there bounds nothing.
    meant = sql`${meant} and (not exists (select 1 ${edge}) or
      (${requests.createdAt}, ${requests.id}) < (select edge.created_at, edge.id ${edge}))`;
  }
  return meant;
}

function isBy({ issuer, subject }: Pick<Principal, "issuer" | "subject">): Statement {
  return sql`${requests.requesterIssuer} = ${issuer} and ${requests.requesterSubject} = ${subject}`;
}

/** What the giver of a delegation could answer, but for their own. */
function inPlaceOf({ principal, resource }: StandIn): Statement {
  const there = resource === undefined ? sql`1` : sql`${requests.resource} = ${resource}`;
  return sql`${names(sql`${requests.approvers}`, principal)} and not (${isBy(principal)}) and ${there}`;
}

/** A list in JSON names the principal; each selector is compared whole. */
function names(list: Statement, principal: Principal): Statement {
  return sql`exists (select 1 from json_each(${list}) where json_each.value in ${listed(selectorsOf(principal))})`;
}
