import { randomText } from "@phi/shared/ids";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { isAsked } from "../domain/lease.js";
import type { LeaseAdvance } from "../domain/lease-moves.js";
import type { Change } from "../ports/change.js";
import type { Changes } from "../ports/changes.js";
import type { Ledger } from "../ports/ledger.js";
import { createAuditLog } from "./audit-log.js";
import { readDossiers } from "./dossiers.js";
import { eraseStatements, eventsOf } from "./erase-statements.js";
import { insertEvent } from "./event-statements.js";
import { advanceLease } from "./lease-steps.js";
import { requestsMatching } from "./request-filter.js";
import { approvalFromRow, leaseFromRow, requestFromRow, sessionFromRow, signInFromRow } from "./rows.js";
import { approvals } from "./schema/approvals.js";
import { auditEvents } from "./schema/audit-events.js";
import { leases } from "./schema/leases.js";
import { ledgers } from "./schema/ledgers.js";
import { requests } from "./schema/requests.js";
import { sessions } from "./schema/sessions.js";
import { signIns } from "./schema/sign-ins.js";
import { everyColumn, rowsFromJson, rowTo, select, selectJson } from "./select.js";
import { columnsOf, insertIf, listed, sql } from "./sql.js";
import type { Statement } from "./statement.js";
import { compileStep, recorded } from "./steps.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

/** The ledger on an open store. `changes` hears of every request that a committed event names. */
export function createLedger(store: Store, changes: Changes): Ledger {
  const { read, rows, writer } = store;
  const log = createAuditLog(read);

  function announce(events: Change["events"]): void {
    for (const id of new Set(events.flatMap((event) => (event.requestId === undefined ? [] : [event.requestId])))) {
      changes.publish(id);
    }
  }

  /** Whole rows of one table; `rest` follows `from table`. */
  async function all<Table extends SQLiteTable>(table: Table, rest: Statement): Promise<Table["$inferSelect"][]> {
    return rowsFromJson(table, await rows(selectJson(table, rest)));
  }

  /** The one row that has this value. */
  async function one<Table extends SQLiteTable>(
    table: Table,
    rest: Statement,
  ): Promise<Table["$inferSelect"] | undefined> {
    const [row] = await rows(select(table, rest));
    return row && rowTo(table, row);
  }

  /** A change happened if and only if its first event did. */
  async function isRecorded(event: string): Promise<boolean> {
    return (await rows(sql`select 1 from ${auditEvents} where ${auditEvents.id} = ${event}`)).length > 0;
  }

  /** Whether a lease stands as this move left it. */
  async function hasShifted({ id, epoch, claim, move }: LeaseAdvance): Promise<boolean> {
    const row = await one(leases, sql`where ${leases.id} = ${id}`);
    return row?.state === move.to && row.epoch === (claim ? epoch + 1 : epoch) && row.dueAt === move.dueAt;
  }

  return withWords<Ledger>({
    async commit(change) {
      const [first, ...others] = change.events;
      const moved = recorded(first.id);
      const guard = compileStep(change.guard, sql`1`, moved);
      const statements: Statement[] = [
        guard.first,
        insertEvent(first, sql`changes() = 1`),
        ...guard.rest,
        ...(change.follow ?? []).flatMap((step) => {
          const compiled = compileStep(step, moved, moved);
          const own = step.event === undefined ? [] : [insertEvent(step.event, sql`changes() = 1 and ${moved}`)];
          return [compiled.first, ...own, ...compiled.rest];
        }),
        ...others.map((event) => insertEvent(event, moved)),
      ];
      if (!(await writer.write(statements, () => isRecorded(first.id)))) return "lost_race";
      announce(change.events);
      return "moved";
    },

    async shift(advance) {
      const moved = await writer.write([advanceLease(advance, sql`1`)], () => hasShifted(advance));
      return moved ? "moved" : "lost_race";
    },

    async record(...events) {
      await writer.write(
        events.map((event) => insertEvent(event, sql`1`)),
        () => isRecorded(events[0].id),
      );
      announce(events);
    },

    async countTexts(what) {
      const [row] = await rows(sql`select count(*) from ${auditEvents} where ${eventsOf(what)}`);
      return Number(row?.[0] ?? 0);
    },

    async erase(what, event) {
      const some = sql`exists (select 1 from ${auditEvents} where ${eventsOf(what)})`;
      await writer.write([insertEvent(event, some), ...eraseStatements(what, recorded(event.id))], () =>
        isRecorded(event.id),
      );
      announce([event]);
    },

    async signInByTokenHash(hash) {
      const row = await one(signIns, sql`where ${signIns.tokenHash} = ${hash}`);
      return row && signInFromRow(row);
    },

    async newestSignIn(who) {
      const meant =
        "name" in who
          ? sql`${signIns.principalName} = ${who.name}`
          : sql`${signIns.principalSubject} = ${who.subject} and ${who.issuer === undefined ? sql`1` : sql`${signIns.principalIssuer} = ${who.issuer}`}`;
      const [row] = await all(signIns, sql`where ${meant} order by ${signIns.createdAt} desc limit 1`);
      return row && signInFromRow(row);
    },

    async request(id) {
      const row = await one(requests, sql`where ${requests.id} = ${id}`);
      return row && requestFromRow(row);
    },

    async requestsByPrefix(prefix) {
      // A range, which the index of the key answers, as `like` would not. `~` sorts behind every character of an id.
      const begins = sql`${requests.id} >= ${prefix} and ${requests.id} < ${`${prefix}~`}`;
      return (await all(requests, sql`where ${begins} limit 50`)).map(requestFromRow);
    },

    async requestByKey({ issuer, subject }, key) {
      const row = await one(
        requests,
        sql`where ${requests.requesterIssuer} = ${issuer} and ${requests.requesterSubject} = ${subject} and ${requests.idempotencyKey} = ${key}`,
      );
      return row && { request: requestFromRow(row), orderHash: row.orderHash ?? undefined };
    },

    async requests(filter) {
      const newest = sql`order by ${requests.createdAt} desc, ${requests.id} desc limit ${filter.limit}`;
      return (await all(requests, sql`where ${requestsMatching(filter)} ${newest}`)).map(requestFromRow);
    },

    async approvals(ids) {
      if (ids.length === 0) return [];
      const found = await all(approvals, sql`where ${approvals.requestId} in ${listed(ids)} order by ${approvals.at}`);
      return found.map(approvalFromRow);
    },

    async leasesOf(ids) {
      if (ids.length === 0) return [];
      const found = await all(leases, sql`where ${leases.requestId} in ${listed(ids)} order by ${leases.createdAt}`);
      return found.map(leaseFromRow);
    },

    async lease(id) {
      const row = await one(leases, sql`where ${leases.id} = ${id}`);
      return row && leaseFromRow(row);
    },

    async leaseWithRequest(id) {
      const [row] = await rows(
        sql`select ${everyColumn(leases)}, ${everyColumn(requests)} from ${leases} join ${requests} on ${requests.id} = ${leases.requestId}
          where ${leases.id} = ${id}`,
      );
      if (row === undefined) return undefined;
      const lease = leaseFromRow(rowTo(leases, row));
      if (!isAsked(lease)) return undefined;
      return { lease, request: requestFromRow(rowTo(requests, row, columnsOf(leases).length)) };
    },

    dossiers: (ids) => readDossiers(store, ids),

    audit: log.query,

    async pendingExtension(of) {
      const row = await one(requests, sql`where ${requests.extends} = ${of} and ${requests.state} = 'pending'`);
      return row && requestFromRow(row);
    },

    async laggingLeases(limit, exceptResources) {
      const lagging = sql`where ${leases.targetExpiresAt} is not null and ${leases.state} = 'active' and ${leases.resource} not in ${listed(exceptResources)} limit ${limit}`;
      return (await all(leases, lagging)).map(leaseFromRow).filter((lease) => lease.state === "active");
    },

    async dueRequests(now, limit) {
      const due = sql`where ${requests.dueAt} <= ${now} order by ${requests.dueAt} limit ${limit}`;
      return (await all(requests, due)).map(requestFromRow);
    },

    async dueLeases(now, limit, exceptResources) {
      const others =
        exceptResources.length === 0 ? sql`` : sql`and ${leases.resource} not in ${listed(exceptResources)}`;
      // By the index alone: with a second key, all that is due at one instant would be sorted to take some of it.
      const due = sql`where ${leases.dueAt} <= ${now} ${others} order by ${leases.dueAt} limit ${limit}`;
      return (await all(leases, due)).map(leaseFromRow);
    },

    async lateLeases(revokingSince, limit) {
      // The state is written out, because a partial index is used for a constant only.
      const late = await all(
        leases,
        sql`where ${leases.state} = 'revoking' and ${leases.overdueSince} is null and ${leases.revokingSince} <= ${revokingSince} limit ${limit}`,
      );
      return late.map(leaseFromRow).filter((lease) => lease.state === "revoking");
    },

    async postponeDue(resource, now, until) {
      const due = sql`${leases.resource} = ${resource} and ${leases.state} = 'revoking' and ${leases.dueAt} <= ${now}`;
      await writer.write([sql`update ${leases} set due_at = ${until} where ${due}`], async () => true);
    },

    async watchedRequests(limit) {
      // As the index has it: a partial index is used for its own condition only.
      const watched = sql`where ${requests.idleTimeout} is not null and ${requests.state} = 'active'`;
      return (await all(requests, sql`${watched} order by ${requests.lookedAt} limit ${limit}`)).map(requestFromRow);
    },

    async noteUse(seen) {
      const said = JSON.stringify(seen.map(({ requestId, activeAt, lookedAt }) => [requestId, activeAt, lookedAt]));
      const note = sql`update ${requests} set active_at = max(coalesce(active_at, 0), seen.value ->> 1), looked_at = max(coalesce(looked_at, 0), seen.value ->> 2)
        from (select value from json_each(${said})) as seen where ${requests.id} = seen.value ->> 0 and ${requests.state} = 'active'`;
      await writer.write([note], async () => true);
    },

    async lateReviews(now, limit) {
      const late = sql`where ${requests.reviewDueAt} <= ${now} order by ${requests.reviewDueAt} limit ${limit}`;
      return (await all(requests, late)).map(requestFromRow);
    },

    async nextDue() {
      const [next] = await rows(sql`select
        (select min(${requests.dueAt}) from ${requests} where ${requests.dueAt} is not null),
        (select min(${leases.dueAt}) from ${leases} where ${leases.dueAt} is not null)`);
      const instants = (next ?? []).filter((at) => typeof at === "number");
      return instants.length === 0 ? undefined : Math.min(...instants);
    },

    async forsakenSessions(revokedBefore, limit) {
      const found = await rows(
        sql`select ${leases.resource}, ${everyColumn(sessions)} from ${sessions} join ${leases} on ${sessions.leaseId} = ${leases.id}
          where ${sessions.endedAt} is null and ${leases.state} = 'revoked' and ${leases.revokedAt} < ${revokedBefore} limit ${limit}`,
      );
      return found.map((row) => ({ resource: String(row[0]), session: sessionFromRow(rowTo(sessions, row, 1)) }));
    },

    async renewClaims(claimed, until) {
      const held = JSON.stringify(claimed.map(({ id, epoch }) => [id, epoch]));
      const renewal = sql`update ${leases} set due_at = ${until} where ${leases.state} = 'revoking' and (${leases.id}, ${leases.epoch}) in
        (select value ->> 0, value ->> 1 from json_each(${held}))`;
      await writer.write([renewal], async () => true);
    },

    async releaseClaims(now) {
      const held = sql`${leases.state} in ('issuing', 'revoking') and ${leases.dueAt} > ${now}`;
      await writer.write([sql`update ${leases} set due_at = ${now} where ${held}`], async () => true);
    },
  });
}

/** The mark of this ledger's credentials on every target; made once, at the first start. */
export async function brokerTag(store: Store, now: number): Promise<string> {
  const made = insertIf(ledgers, { id: 1, brokerTag: randomText(6), createdAt: now }, sql`1`);
  await store.writer.write([sql`${made} on conflict do nothing`], async () => true);
  const [row] = await store.rows(sql`select ${ledgers.brokerTag} from ${ledgers} where ${ledgers.id} = 1`);
  if (typeof row?.[0] !== "string") throw new Error("damaged ledger: it has no name");
  return row[0];
}
