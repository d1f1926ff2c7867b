import { setImmediate } from "node:timers/promises";
import { readHead } from "@phi/broker/audit/head-file";
import { readKey } from "@phi/broker/audit/key-file";
import { openConnection } from "@phi/broker/store/connection";
import { cpuTime } from "@phi/broker/store/cpu-time";
import { createLedger } from "@phi/broker/store/ledger";
import { openStore } from "@phi/broker/store/open";
import { verifyLedger } from "@phi/broker/store/verify-ledger";
import { EMPTY_FRONTIER, extend } from "@phi/shared/audit/frontier";
import { leafOf } from "@phi/shared/audit/leaf";
import { logKeyOf } from "@phi/shared/audit/log-key";
import { type Line, quantile } from "./line.js";
import type { Place, World } from "./world.js";

const PAGE = 1_000;
/** So long, in ms, before and after, a timer is watched in a process that computes in the smallest parts. */
const SMALL_PARTS_FOR = 5_000;

/**
 * Verifying all of a log as phi does, against fetching its rows and hashing each; both build the same tree over all of it. While the broker is
 * stopped: both read its file.
 */
export async function measureVerify({ full }: World): Promise<Line[]> {
  const [small, turns]: [Turn[], Turn[]] = [[], []];
  await whileWatched(small, () => computeInSmallParts(SMALL_PARTS_FOR));
  const [verified, others] = [
    await timed(() => whileWatched(turns, () => verify(full))),
    await timed(() => rowByRow(full)),
  ];
  await whileWatched(small, () => computeInSmallParts(SMALL_PARTS_FOR));
  const late = (of: readonly Turn[], part: number) =>
    quantile(
      of.map(({ lateness }) => lateness),
      part,
    );
  const work = (of: readonly Turn[], part: number) =>
    quantile(
      of.map(({ cpu }) => cpu),
      part,
    );
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
      phi: `${late(turns, 0.99).toFixed(0)} ms, longest ${late(turns, 1).toFixed(0)} ms`,
      against: `computing 1 ms at a time ${late(small, 0.99).toFixed(0)} ms`,
      value: late(turns, 0.99) - late(small, 0.99),
      unit: "ms",
      promised: { atMost: 50 },
    },
    {
      what: "its own processor time between two turns of that timer, longest",
      phi: `${work(turns, 1).toFixed(0)} ms, 99th percentile ${work(turns, 0.99).toFixed(0)} ms`,
      against: `computing 1 ms at a time ${work(small, 1).toFixed(0)} ms`,
      value: work(turns, 1),
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
  const [begin, before] = [performance.now(), cpuTime()];
  const value = await work();
  return { value, cpu: cpuTime() - before, wall: performance.now() - begin };
}

/** As a busy machine gives turns to whoever computes: a process that sleeps gets its turn sooner than any that works, however small its parts. */
async function computeInSmallParts(milliseconds: number): Promise<void> {
  for (const end = performance.now() + milliseconds; performance.now() < end; await setImmediate()) {
    for (const begin = cpuTime(); cpuTime() - begin < 1; );
  }
}

/** Between two times that a timer of 5 ms went off: how late it was, and the processor time that this process had, in ms. */
interface Turn {
  readonly lateness: number;
  readonly cpu: number;
}

async function whileWatched<Value>(turns: Turn[], work: () => Promise<Value>): Promise<Value> {
  let [last, cpu] = [performance.now(), cpuTime()];
  const timer = setInterval(() => {
    const [now, used] = [performance.now(), cpuTime()];
    turns.push({ lateness: now - last - 5, cpu: used - cpu });
    [last, cpu] = [now, used];
  }, 5);
  return work().finally(() => clearInterval(timer));
}
