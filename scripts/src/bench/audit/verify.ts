import { setTimeout as sleep } from "node:timers/promises";
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
/** So long, in ms, a timer is watched while nothing is done. */
const QUIET = 5_000;

/**
 * Verifying all of a log as phi does, against fetching its rows and hashing each; both build the same tree over all of it. While the broker is
 * stopped: both read its file.
 */
export async function measureVerify({ full }: World): Promise<Line[]> {
  const [quiet, lateness]: [number[], number[]] = [[], []];
  await whileWatched(quiet, () => sleep(QUIET));
  const [verified, others] = [
    await timed(() => whileWatched(lateness, () => verify(full))),
    await timed(() => rowByRow(full)),
  ];
  const events = verified.value;
  const perSecond = ({ cpu, wall }: { cpu: number; wall: number }) =>
    `${(events / cpu).toFixed(0)}k/s of processor time, ${(wall / 1_000).toFixed(0)} s`;
  return [
    {
      what: `verifying all ${events.toLocaleString("en")} events`,
      phi: perSecond(verified),
      against: `row by row ${perSecond(others)}`,
      value: others.cpu / verified.cpu,
      unit: "×",
      promised: { atLeast: 2.5 },
    },
    {
      what: "how late a timer is while it verifies: added (99th percentile)",
      phi: `${quantile(lateness, 0.99).toFixed(0)} ms, longest ${lateness.reduce((a, b) => Math.max(a, b), 0).toFixed(0)} ms`,
      against: `idle ${quantile(quiet, 0.99).toFixed(0)} ms`,
      value: quantile(lateness, 0.99) - quantile(quiet, 0.99),
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
  void connection.close();
  if (verified.fault !== undefined || verified.signed !== verified.events)
    throw new Error(`not verified: ${JSON.stringify(verified)}`);
  return verified.events;
}

async function rowByRow({ ledgerFile }: Place): Promise<void> {
  const store = await openStore(ledgerFile);
  const ledger = createLedger(store, store.changes);
  let frontier = EMPTY_FRONTIER;
  for (;;) {
    const page = await ledger.audit({ after: frontier.size, limit: PAGE });
    if (page.length === 0) break;
    // Texts are verified too: a leaf is made from them and their salts.
    frontier = extend(frontier, page.map(leafOf));
  }
  await store.close();
}

/** What work comes to, how long it took and how much processor time, in ms. Minutes apart the machine has more or less to do beside; what each costs it does not change. */
async function timed<Value>(work: () => Promise<Value>): Promise<{ value: Value; cpu: number; wall: number }> {
  const [begin, before] = [performance.now(), process.cpuUsage()];
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return { value, cpu: (user + system) / 1_000, wall: performance.now() - begin };
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
