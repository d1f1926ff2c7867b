import { readHead } from "@phi/broker/audit/head-file";
import { readKey } from "@phi/broker/audit/key-file";
import { openConnection } from "@phi/broker/store/connection";
import { createLedger } from "@phi/broker/store/ledger";
import { openStore } from "@phi/broker/store/open";
import { verifyLedger } from "@phi/broker/store/verify-ledger";
import { EMPTY_FRONTIER, extend } from "@phi/shared/audit/frontier";
import { leafOf } from "@phi/shared/audit/leaf";
import { logKeyOf } from "@phi/shared/audit/log-key";
import { type Line, quantile } from "./line.js";
import type { Place, World } from "./world.js";

const PAGE = 1_000;

/**
 * Verifying all of a log as phi does, against fetching its rows and hashing each; both build the same tree over all of it. While the broker is
 * stopped: both read its file.
 */
export async function measureVerify({ full }: World): Promise<Line[]> {
  const lateness: number[] = [];
  const begin = performance.now();
  const events = await whileWatched(lateness, () => verify(full));
  const middle = performance.now();
  await rowByRow(full.ledgerFile, events);
  const end = performance.now();
  const perSecond = (ms: number) => `${(events / ms).toFixed(0)}k/s, ${(ms / 1_000).toFixed(0)} s`;
  return [
    {
      what: `verifying all ${events.toLocaleString("en")} events`,
      phi: perSecond(middle - begin),
      against: `row by row ${perSecond(end - middle)}`,
      value: (end - middle) / (middle - begin),
      unit: "×",
      promised: { atLeast: 2.5 },
    },
    {
      what: "how late a timer is while it verifies (99th percentile)",
      phi: `${quantile(lateness, 0.99).toFixed(0)} ms, longest ${lateness.reduce((a, b) => Math.max(a, b), 0).toFixed(0)} ms`,
      against: "none",
      value: quantile(lateness, 0.99),
      unit: "ms",
      promised: { atMost: 50 },
    },
  ];
}

/** @returns how many events there are, all of them under the newest checkpoint */
async function verify({ ledgerFile, keyFile }: Place): Promise<number> {
  const connection = openConnection(ledgerFile);
  const key = readKey(keyFile);
  if (key === undefined) throw new Error("there is no key");
  const verified = await verifyLedger((statement) => connection.rows(statement), {
    keys: (origin) => [logKeyOf(origin, key)],
    remembered: readHead(`${keyFile}.head`),
  });
  connection.close();
  if (verified.fault !== undefined || verified.signed !== verified.events)
    throw new Error(`not verified: ${JSON.stringify(verified)}`);
  return verified.events;
}

async function rowByRow(file: string, events: number): Promise<void> {
  const store = await openStore(file);
  const ledger = createLedger(store, store.changes);
  let frontier = EMPTY_FRONTIER;
  while (frontier.size < events) {
    const page = await ledger.audit({ after: frontier.size, limit: PAGE });
    if (page.length === 0) throw new Error("events are missing");
    // Texts are verified too: a leaf is made from them and their salts.
    frontier = extend(frontier, page.map(leafOf));
  }
  await store.close();
}

/** How late a timer of 5 ms was each time, in ms. */
async function whileWatched<Value>(lateness: number[], work: () => Promise<Value>): Promise<Value> {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    lateness.push(now - last - 5);
    last = now;
  }, 5);
  return work().finally(() => clearInterval(timer));
}
