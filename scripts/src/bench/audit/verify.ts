import { createClient } from "@libsql/client";
import { readHead } from "@phi/broker/audit/head-file";
import { readKey } from "@phi/broker/audit/key-file";
import { openConnection } from "@phi/broker/store/connection";
import { verifyLedger } from "@phi/broker/store/verify-ledger";
import { EMPTY_FRONTIER, extend } from "@phi/shared/audit/frontier";
import { leafOf } from "@phi/shared/audit/leaf";
import { logKeyOf } from "@phi/shared/audit/log-key";
import { openBenchLedger } from "./kept-log.js";
import { type Line, quantile } from "./line.js";

const ROUNDS = 3;
const PAGE = 1_000;
const AT_ONCE = 50_000;

/** Verifying a whole log as phi does, against fetching its rows and hashing each; both build the same tree. */
export async function measureVerify(events: number): Promise<Line[]> {
  const bench = await openBenchLedger(true);
  try {
    await fill(bench.file, events);
    await bench.keep();
    await bench.store.writer.close();
    const rates = { phi: [] as number[], rows: [] as number[], ratio: [] as number[], stall: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      const begin = performance.now();
      const stall = await whileWatched(() => verify(bench, events));
      const middle = performance.now();
      await rowByRow(bench, events);
      const end = performance.now();
      rates.phi.push((events / (middle - begin)) * 1_000);
      rates.rows.push((events / (end - middle)) * 1_000);
      rates.ratio.push((end - middle) / (middle - begin));
      rates.stall.push(stall);
    }
    const perSecond = (values: readonly number[]) => `${Math.round(quantile(values, 0.5) / 1_000)}k/s`;
    return [
      {
        what: `verifying ${events.toLocaleString("en")} events`,
        phi: perSecond(rates.phi),
        against: `row by row ${perSecond(rates.rows)}`,
        value: quantile(rates.ratio, 0.5),
        unit: "×",
        promised: { atLeast: 2.5 },
      },
      {
        what: "longest wait of a timer while verifying (p50 of rounds)",
        phi: `${quantile(rates.stall, 0.5).toFixed(0)} ms`,
        against: "none",
        value: quantile(rates.stall, 0.5),
        unit: "ms",
        promised: { atMost: 50 },
      },
    ];
  } finally {
    await bench.close();
  }
}

type Bench = Awaited<ReturnType<typeof openBenchLedger>>;

async function verify({ file, keyFile }: Bench, events: number): Promise<void> {
  const connection = openConnection(file);
  const key = readKey(keyFile);
  if (key === undefined) throw new Error("there is no key");
  const verified = await verifyLedger((statement) => connection.rows(statement), {
    keys: (origin) => [logKeyOf(origin, key)],
    remembered: readHead(`${keyFile}.head`),
  });
  connection.close();
  if (verified.fault !== undefined || verified.signed !== events)
    throw new Error(`not verified: ${JSON.stringify(verified)}`);
}

async function rowByRow({ ledger }: Bench, events: number): Promise<void> {
  let frontier = EMPTY_FRONTIER;
  while (frontier.size < events) {
    const page = await ledger.audit({ after: frontier.size, limit: PAGE });
    if (page.length === 0) throw new Error("events are missing");
    // Texts are verified too: a leaf is made from them and their salts.
    frontier = extend(frontier, page.map(leafOf));
  }
}

/** The longest that a timer of 5 ms was late, in ms. */
async function whileWatched(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 5);
    last = now;
  }, 5);
  await work();
  clearInterval(timer);
  return longest;
}

/** Events as SQL writes them, without leaves; the keeper makes those. Two of five hold what somebody typed. */
async function fill(file: string, events: number): Promise<void> {
  const database = createClient({ url: `file:${file}` });
  for (let start = 0; start < events; start += AT_ONCE) {
    await database.execute(`
      insert into audit_events (id, at, kind, actor_issuer, actor_subject, actor_name, resource, request_id, lease_id, session_id, data)
      with recursive numbers (n) as (select ${start} union all select n + 1 from numbers where n + 1 < ${Math.min(start + AT_ONCE, events)})
      select 'evt_' || printf('%016d', n), 1700000000000 + n * 2000, iif(n % 5 in (0, 2), 'request.created', 'lease.issued'), 'https://bench', 'person-' || (n % 97),
        'person ' || (n % 97), 'db-' || (n % 20), 'req_' || printf('%012d', n / 5), 'lse_' || printf('%016d', n / 5), 'ses_' || printf('%016d', n / 5),
        '{"handle":"phi_000000_' || printf('%016d', n) || iif(n % 5 in (0, 2), '","reason":"INC-' || n || ': stuck orders', '') || '","role":"readonly"}'
      from numbers`);
  }
  database.close();
}
