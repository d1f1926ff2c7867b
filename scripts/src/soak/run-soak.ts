import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@libsql/client";
import { type RecordedEvent, readRecord } from "../faults/verdict.js";
import { workAway } from "./people.js";
import { createSpans } from "./spans.js";
import { makeWeather } from "./weather.js";
import { openSoakWorld, type SoakWorld } from "./world.js";

export interface SoakOptions {
  /** 1: on a file; more: on one libSQL server. */
  readonly brokers: number;
  /** How long there is trouble. */
  readonly seconds: number;
  /** How many leases there should be by then. */
  readonly leases: number;
}

export interface SoakReport {
  readonly leases: number;
  readonly failedCalls: number;
  readonly blows: Readonly<Record<string, number>>;
  /** Roles on the target after the end. */
  readonly orphans: readonly string[];
  /** What is wrong with the record. */
  readonly faults: readonly string[];
  /** From the instant at which a lease was not wanted any more to its proof, in ms, less the time in which the target or all brokers were out. */
  readonly lateness: { readonly median: number; readonly p99: number; readonly largest: number };
  /** How long after the end of the trouble nothing was left, in ms. */
  readonly settledAfter: number;
}

const PEOPLE = 12;
/** After the trouble everything is proven gone within this, in ms: half a minute of silence, a claim of a broker that died, and retries. */
const SETTLED_WITHIN = 180_000;

/** People at work, trouble all around them, then peace; and what is left then. */
export async function runSoak({ brokers, seconds, leases }: SoakOptions): Promise<SoakReport> {
  const world = await openSoakWorld(brokers);
  try {
    const end = Date.now() + seconds * 1000;
    const isOver = () => Date.now() > end;
    const targetDown = createSpans();
    const deeds = { issued: 0, failed: 0 };
    const begin = Date.now();
    // Trouble costs time: whoever is behind what is wanted does not rest.
    const pause = () => {
      const wanted = (1.1 * leases * (Date.now() - begin)) / (seconds * 1000);
      return deeds.issued < wanted ? 0 : (PEOPLE * seconds * 1000) / leases;
    };
    const [blows] = await Promise.all([
      makeWeather(world, targetDown, isOver),
      ...Array.from({ length: PEOPLE }, () => workAway(world, deeds, pause, isOver)),
    ]);
    const peace = Date.now();
    const orphans = await untilNothingIsLeft(world);
    const settledAfter = Date.now() - peace;
    const events = await readEvents(world.ledgerUrl);
    const healthy = (from: number, to: number) =>
      to - from - Math.max(targetDown.overlap(from, to), world.nobody.overlap(from, to));
    return {
      leases: events.filter(({ kind }) => kind === "lease.planned").length,
      failedCalls: deeds.failed,
      blows,
      orphans,
      faults: readRecord(events, []),
      lateness: latenessOf(events, healthy),
      settledAfter,
    };
  } finally {
    await world.close();
  }
}

interface StoredEvent extends RecordedEvent {
  readonly at: number;
  readonly data: { readonly lateMs?: number };
}

/** Of credentials that were handed out. Another one is gone at once, and its proof waits for the last moment of its create. */
function latenessOf(events: readonly StoredEvent[], healthy: (from: number, to: number) => number) {
  const issued = new Set(events.filter(({ kind }) => kind === "lease.issued").map(({ lease }) => lease));
  const all = events
    .filter(({ kind, lease }) => kind === "lease.revoked" && issued.has(lease))
    .map(({ at, data }) => healthy(at - (data.lateMs ?? 0), at))
    .sort((a, b) => a - b);
  const part = (share: number) => Math.round(all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0);
  return { median: part(0.5), p99: part(0.99), largest: part(1) };
}

async function readEvents(url: string): Promise<StoredEvent[]> {
  const ledger = createClient({ url });
  try {
    const { rows } = await ledger.execute(
      "select seq, at, kind, request_id, lease_id, data from audit_events order by seq",
    );
    return rows.map((row) => ({
      seq: Number(row.seq),
      at: Number(row.at),
      kind: String(row.kind),
      request: typeof row.request_id === "string" ? row.request_id : undefined,
      lease: typeof row.lease_id === "string" ? row.lease_id : undefined,
      data: JSON.parse(String(row.data)) as StoredEvent["data"],
    }));
  } finally {
    ledger.close();
  }
}

/** Until every lease is proven revoked and the target has no role of ours; gives what is left when that takes too long. */
async function untilNothingIsLeft({ ledgerUrl, target }: SoakWorld): Promise<string[]> {
  const ledger = createClient({ url: ledgerUrl });
  const end = Date.now() + SETTLED_WITHIN;
  try {
    for (;;) {
      const { rows } = await target.query<{ rolname: string }>(
        "SELECT rolname FROM pg_roles WHERE rolname ~ '^phi_[a-z0-9]+_[a-z0-9]{16}$'",
      );
      const open = await ledger.execute("select id, state from leases where state <> 'revoked'");
      if (rows.length === 0 && open.rows.length === 0) return [];
      if (Date.now() > end)
        return [...rows.map(({ rolname }) => rolname), ...open.rows.map((row) => `${row.id} is ${row.state}`)];
      await sleep(500);
    }
  } finally {
    ledger.close();
  }
}
