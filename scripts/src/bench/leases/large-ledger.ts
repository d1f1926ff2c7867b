import { createClient } from "@libsql/client";
import { createChanges } from "@phi/broker/store/changes";
import { createLedger } from "@phi/broker/store/ledger";
import { openStore } from "@phi/broker/store/open";
import { newId } from "@phi/shared/ids";
import { createLiveRoles, fillLedger } from "./fill-ledger.js";
import { type Line, median } from "./line.js";
import type { Home, World } from "./world.js";

const PAST = 1_000_000;
const LIVE = 100_000;
const STARTS = 7;
const QUERIES = 200;
/** In seconds: as long as it takes is what is measured. */
const STARTS_WITHIN = 120;
/** In seconds. A broker that finds a million events without a leaf, as {@link fillLedger} leaves them, makes and signs them before it serves. */
const SIGNED_WITHIN = 900;

/** Part d: what a long history costs. Starts and queries of both ledgers alternate. */
export async function measureLargeLedger(world: World): Promise<Line[]> {
  const [empty, large] = [await world.newHome(), await world.newHome()];
  for (const home of [empty, large]) await (await home.start({ readyWithin: STARTS_WITHIN })).stop(); // makes the tables
  await fillLedger(large.ledgerFile, { past: PAST, live: LIVE });
  await createLiveRoles(world.target, large.ledgerFile, { past: PAST, live: LIVE });
  await (await large.start({ readyWithin: SIGNED_WITHIN })).stop();

  const starts = { empty: [] as number[], large: [] as number[] };
  for (let round = 0; round < STARTS; round++) {
    starts.empty.push(await startToFirstRevocation(empty));
    starts.large.push(await startToFirstRevocation(large));
  }
  const queries = { empty: await dueQuery(empty), large: await dueQuery(large) };
  const line = (what: string, of: { empty: number; large: number }, unit: string): Line => ({
    part: "d",
    what: `${PAST.toLocaleString("en")} past and ${LIVE.toLocaleString("en")} live leases: ${what}`,
    phi: `${of.large.toFixed(0)} ${unit}`,
    against: `empty ledger ${of.empty.toFixed(0)} ${unit}`,
    value: of.large / of.empty,
    promised: { atMost: 2 },
  });
  return [
    line("start to first revocation", { empty: median(starts.empty), large: median(starts.large) }, "ms"),
    line("due query", queries, "µs"),
  ];
}

/** From the start of the process until the proof of one lease that fell due while nobody was there. */
async function startToFirstRevocation(home: Home): Promise<number> {
  const lease = newId("lease");
  const ledger = createClient({ url: `file:${home.ledgerFile}` });
  await ledger.batch(
    [
      `insert or ignore into requests (id, requester_issuer, requester_subject, requester_name, requester_groups, resource, role, duration, policy,
         approvers, approvals_needed, claim_within, starts, state, created_at, pending_until, approved_at, claim_until, started_at, expires_at)
       values ('req_000000000000', 'https://bench', 'bench', 'bench', '[]', 'db-prod', 'readonly', 60, 'bench', '[]', 0, 60, 'first_use', 'ended', 0, 0, 0, 0, 0, 0)`,
      {
        sql: `insert into leases (id, request_id, session_id, resource, kind, use, handle, handle_text, state, epoch, created_at, create_by,
                created_on_target, expires_at, because, revoking_since, due_at)
              select ?, 'req_000000000000', ?, 'db-prod', 'postgres', 'window', json_object('role', name), name, 'revoking', 1, 1, 1, 1, 2, 'window_over', 2, 2
                from (select 'phi_' || broker_tag || '_' || ? as name from ledgers)`,
        args: [lease, newId("session"), lease.slice(4)],
      },
    ],
    "write",
  );
  const begin = Date.now();
  const broker = await home.start({ readyWithin: STARTS_WITHIN });
  try {
    for (;;) {
      const { rows } = await ledger.execute({ sql: "select revoked_at from leases where id = ?", args: [lease] });
      const revokedAt = rows[0]?.[0];
      if (typeof revokedAt === "number") return revokedAt - begin;
      if (Date.now() > begin + 60_000) throw new Error("not revoked within a minute of the start");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    ledger.close();
    await broker.stop();
  }
}

/** Median of the loop's two questions, in µs, asked of the broker's own store. */
async function dueQuery(home: Home): Promise<number> {
  const store = await openStore(home.ledgerFile);
  try {
    const ledger = createLedger(store, createChanges());
    const times: number[] = [];
    for (let query = 0; query < QUERIES; query++) {
      const begin = performance.now();
      await ledger.dueLeases(Date.now(), 500, []);
      await ledger.nextDue();
      times.push((performance.now() - begin) * 1000);
    }
    return median(times);
  } finally {
    await store.close();
  }
}
