import type { InStatement } from "@libsql/client";
import { randomText } from "@phi/shared/ids";
import { and, asc, desc, eq, gte, inArray, isNotNull, isNull, like, lt, lte, notInArray, sql } from "drizzle-orm";
import type { LeaseAdvance } from "../domain/lease-moves.js";
import type { Changes } from "../ports/changes.js";
import type { Change, Ledger } from "../ports/ledger.js";
import { createAuditLog } from "./audit-log.js";
import { requestsMatching } from "./request-filter.js";
import { approvalFromRow, entryToRow, leaseFromRow, requestFromRow, sessionFromRow, signInFromRow } from "./rows.js";
import { approvals, auditEvents, leases, ledgers, requests, sessions, signIns } from "./schema.js";
import { insertIf, toStatement } from "./sql.js";
import { advanceLease, compileStep, recorded } from "./steps.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

/** The ledger on an open store. `changes` hears of every request that a committed event names. */
export function createLedger(store: Store, changes: Changes): Ledger {
  const { read, writer } = store;
  const log = createAuditLog(read);

  function announce(events: Change["events"]): void {
    for (const id of new Set(events.flatMap((event) => (event.requestId === undefined ? [] : [event.requestId])))) {
      changes.publish(id);
    }
  }

  /** A change happened if and only if its first event did. */
  async function isRecorded(event: string): Promise<boolean> {
    const found = await read.select({ id: auditEvents.id }).from(auditEvents).where(eq(auditEvents.id, event)).limit(1);
    return found.length > 0;
  }

  /** Whether a lease stands as this move left it. */
  async function hasShifted({ id, epoch, claim, move }: LeaseAdvance): Promise<boolean> {
    const [row] = await read.select().from(leases).where(eq(leases.id, id)).limit(1);
    return row?.state === move.to && row.epoch === (claim ? epoch + 1 : epoch) && row.dueAt === move.dueAt;
  }

  return withWords<Ledger>({
    async commit(change) {
      const [first, ...others] = change.events;
      const moved = recorded(first.id);
      const guard = compileStep(change.guard, sql`1`, moved);
      const statements: InStatement[] = [
        guard.first,
        insertIf(auditEvents, entryToRow(first), sql`changes() = 1`),
        ...guard.rest,
        ...(change.follow ?? []).flatMap((step) => {
          const compiled = compileStep(step, moved, moved);
          const own =
            step.event === undefined
              ? []
              : [insertIf(auditEvents, entryToRow(step.event), sql`changes() = 1 and ${moved}`)];
          return [compiled.first, ...own, ...compiled.rest];
        }),
        ...others.map((event) => insertIf(auditEvents, entryToRow(event), moved)),
      ].map(toStatement);
      if (!(await writer.write(statements, () => isRecorded(first.id)))) return "lost_race";
      announce(change.events);
      return "moved";
    },

    async shift(advance) {
      const moved = await writer.write([toStatement(advanceLease(advance, sql`1`))], () => hasShifted(advance));
      return moved ? "moved" : "lost_race";
    },

    async record(...events) {
      await writer.write(
        events.map((event) => toStatement(insertIf(auditEvents, entryToRow(event), sql`1`))),
        () => isRecorded(events[0].id),
      );
      announce(events);
    },

    async signInByTokenHash(hash) {
      const [row] = await read.select().from(signIns).where(eq(signIns.tokenHash, hash)).limit(1);
      return row && signInFromRow(row);
    },

    async request(id) {
      const [row] = await read.select().from(requests).where(eq(requests.id, id)).limit(1);
      return row && requestFromRow(row);
    },

    async requestsByPrefix(prefix) {
      // Only the characters of an id get here, so nothing in it means anything to `like`.
      const rows = await read
        .select()
        .from(requests)
        .where(like(requests.id, `${prefix}%`))
        .limit(50);
      return rows.map(requestFromRow);
    },

    async requestByKey(requester, key) {
      const [row] = await read
        .select()
        .from(requests)
        .where(
          and(
            eq(requests.requesterIssuer, requester.issuer),
            eq(requests.requesterSubject, requester.subject),
            eq(requests.idempotencyKey, key),
          ),
        )
        .limit(1);
      return row && requestFromRow(row);
    },

    async requests(filter) {
      const rows = await read
        .select()
        .from(requests)
        .where(await requestsMatching(read, filter))
        .orderBy(desc(requests.createdAt), desc(requests.id))
        .limit(filter.limit);
      return rows.map(requestFromRow);
    },

    async approvals(ids) {
      if (ids.length === 0) return [];
      const rows = await read
        .select()
        .from(approvals)
        .where(inArray(approvals.requestId, [...ids]))
        .orderBy(asc(approvals.at));
      return rows.map(approvalFromRow);
    },

    async leasesOf(ids) {
      if (ids.length === 0) return [];
      const rows = await read
        .select()
        .from(leases)
        .where(inArray(leases.requestId, [...ids]))
        .orderBy(asc(leases.createdAt));
      return rows.map(leaseFromRow);
    },

    async lease(id) {
      const [row] = await read.select().from(leases).where(eq(leases.id, id)).limit(1);
      return row && leaseFromRow(row);
    },

    audit: log.query,

    async dueRequests(now, limit) {
      const rows = await read
        .select()
        .from(requests)
        .where(lte(requests.dueAt, now))
        .orderBy(asc(requests.dueAt))
        .limit(limit);
      return rows.map(requestFromRow);
    },

    async dueLeases(now, limit, exceptResources) {
      const rows = await read
        .select()
        .from(leases)
        .where(
          exceptResources.length === 0
            ? lte(leases.dueAt, now)
            : and(lte(leases.dueAt, now), notInArray(leases.resource, [...exceptResources])),
        )
        .orderBy(asc(leases.dueAt), asc(leases.revokingSince))
        .limit(limit);
      return rows.map(leaseFromRow);
    },

    async lateLeases(revokingSince, limit) {
      const rows = await read
        .select()
        .from(leases)
        .where(
          // Written out, because a partial index is used for a constant only.
          and(sql`${leases.state} = 'revoking'`, isNull(leases.overdueSince), lte(leases.revokingSince, revokingSince)),
        )
        .limit(limit);
      return rows.map(leaseFromRow).filter((lease) => lease.state === "revoking");
    },

    async postponeDue(resource, now, until) {
      const due = sql`${leases.resource} = ${resource} and ${leases.state} = 'revoking' and ${leases.dueAt} <= ${now}`;
      await writer.write([toStatement(sql`update ${leases} set due_at = ${until} where ${due}`)], async () => true);
    },

    async nextDue() {
      const [request] = await read
        .select({ at: requests.dueAt })
        .from(requests)
        .where(isNotNull(requests.dueAt))
        .orderBy(asc(requests.dueAt))
        .limit(1);
      const [lease] = await read
        .select({ at: leases.dueAt })
        .from(leases)
        .where(isNotNull(leases.dueAt))
        .orderBy(asc(leases.dueAt))
        .limit(1);
      const instants = [request?.at, lease?.at].filter((at) => at !== undefined && at !== null);
      return instants.length === 0 ? undefined : Math.min(...instants);
    },

    async forsakenSessions(revokedBefore, limit) {
      const rows = await read
        .select({ session: sessions, resource: leases.resource })
        .from(sessions)
        .innerJoin(leases, eq(sessions.leaseId, leases.id))
        .where(and(isNull(sessions.endedAt), eq(leases.state, "revoked"), lt(leases.revokedAt, revokedBefore)))
        .limit(limit);
      return rows.map(({ session, resource }) => ({ session: sessionFromRow(session), resource }));
    },

    async renewClaims(claimed, until) {
      const held = JSON.stringify(claimed.map(({ id, epoch }) => [id, epoch]));
      const renewal = sql`update ${leases} set due_at = ${until} where ${leases.state} = 'revoking' and (${leases.id}, ${leases.epoch}) in
        (select value ->> 0, value ->> 1 from json_each(${held}))`;
      await writer.write([toStatement(renewal)], async () => true);
    },

    async releaseClaims(now) {
      await writer.write(
        [
          toStatement(
            sql`update ${leases} set due_at = ${now} where ${leases.state} in ('issuing', 'revoking') and ${leases.dueAt} > ${now}`,
          ),
        ],
        async () => true,
      );
    },
  });
}

/** The mark of this ledger's credentials on every target; made once, at the first start. */
export async function brokerTag(store: Store, now: number): Promise<string> {
  const made = insertIf(ledgers, { id: 1, brokerTag: randomText(6), createdAt: now }, sql`1`);
  await store.writer.write([toStatement(sql`${made} on conflict do nothing`)], async () => true);
  const [row] = await store.read.select({ tag: ledgers.brokerTag }).from(ledgers).where(gte(ledgers.id, 1)).limit(1);
  if (row === undefined) throw new Error("damaged ledger: it has no name");
  return row.tag;
}
