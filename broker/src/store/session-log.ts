import { selectorsOf } from "../domain/principal.js";
import type { Recordings, SessionFilter, SessionRecord } from "../ports/recordings.js";
import { sessionFromRow } from "./rows.js";
import { recordings } from "./schema/recordings.js";
import { requests } from "./schema/requests.js";
import { sessions } from "./schema/sessions.js";
import { everyColumn, rowTo } from "./select.js";
import { columnsOf, sql } from "./sql.js";
import type { Row, Statement } from "./statement.js";
import type { Store } from "./store.js";

/** The sessions of the ledger, as people ask for them. */
export function createSessionLog(rows: Store["rows"]): Pick<Recordings, "session" | "sessionsByPrefix" | "sessions"> {
  async function find(rest: Statement): Promise<SessionRecord[]> {
    const found =
      await rows(sql`select ${everyColumn(sessions)}, ${requests.requesterIssuer}, ${requests.requesterSubject},
      ${requests.requesterName}, ${requests.resource}, ${requests.role}, ${recordings.state}, ${recordings.chunks}, ${recordings.bytes}
      from ${sessions} join ${requests} on ${requests.id} = ${sessions.requestId}
      left join ${recordings} on ${recordings.sessionId} = ${sessions.id} ${rest}`);
    return found.map(fromRow);
  }

  return {
    session: async (id) => (await find(sql`where ${sessions.id} = ${id}`))[0],
    // A range, which the index of the key answers. `~` sorts behind every character of an id.
    sessionsByPrefix: (prefix) =>
      find(sql`where ${sessions.id} >= ${prefix} and ${sessions.id} < ${`${prefix}~`} limit 50`),
    sessions: (filter) =>
      find(
        sql`where ${joined(conditions(filter))} order by ${sessions.startedAt} desc, ${sessions.id} desc limit ${filter.limit}`,
      ),
  };
}

function conditions(filter: SessionFilter): Statement[] {
  const { since, until, actor, resource, request, live, before, visibleTo } = filter;
  const all: (Statement | undefined)[] = [
    since === undefined ? undefined : sql`${sessions.startedAt} >= ${since}`,
    until === undefined ? undefined : sql`${sessions.startedAt} < ${until}`,
    actor === undefined
      ? undefined
      : sql`(${requests.requesterName} = ${actor} or ${requests.requesterSubject} = ${actor})`,
    resource === undefined ? undefined : sql`${requests.resource} = ${resource}`,
    request === undefined ? undefined : sql`${sessions.requestId} = ${request}`,
    live === undefined ? undefined : live ? sql`${sessions.endedAt} is null` : sql`${sessions.endedAt} is not null`,
    before === undefined
      ? undefined
      : sql`(${sessions.startedAt}, ${sessions.id}) < (select edge.started_at, edge.id from sessions edge where edge.id = ${before})`,
  ];
  if (visibleTo !== undefined) {
    const { issuer, subject } = visibleTo;
    const selectors = JSON.stringify(selectorsOf(visibleTo));
    all.push(sql`((${requests.requesterIssuer} = ${issuer} and ${requests.requesterSubject} = ${subject}) or exists (
      select 1 from json_each(${requests.approvers}) where value in (select value from json_each(${selectors}))))`);
  }
  return all.filter((one) => one !== undefined);
}

function joined(all: readonly Statement[]): Statement {
  return all.reduce((before, one) => sql`${before} and ${one}`, sql`1`);
}

function fromRow(row: Row): SessionRecord {
  const own = rowTo(sessions, row);
  const [issuer, subject, name, resource, role, state, chunks, bytes] = row.slice(columnsOf(sessions).length);
  return {
    ...sessionFromRow(own),
    principal: { issuer: String(issuer), subject: String(subject), name: String(name) },
    resource: String(resource),
    role: String(role),
    endedAt: own.endedAt ?? undefined,
    exitCode: own.exitCode ?? undefined,
    signal: own.signal ?? undefined,
    endedBecause: own.endedBecause ?? undefined,
    recorded:
      state === null
        ? undefined
        : {
            state: state as NonNullable<SessionRecord["recorded"]>["state"],
            chunks: Number(chunks),
            bytes: Number(bytes),
          },
  };
}
