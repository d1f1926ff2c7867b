import { readRecord } from "../faults/verdict.js";
import { type Lateness, latenessOf } from "./lateness.js";
import { workAway } from "./people.js";
import { readEvents, untilNothingIsLeft } from "./remains.js";
import { covered, createSpans } from "./spans.js";
import { makeWeather } from "./weather.js";
import { startWitness } from "./witness.js";
import { openSoakWorld } from "./world.js";

export interface SoakOptions {
  /** 1: on a file; more: on one libSQL server. */
  readonly brokers: number;
  /** How long there is trouble. */
  readonly seconds: number;
  /** How many leases there should be by then; until there are, trouble goes on for half as long again. */
  readonly leases: number;
}

export interface SoakReport {
  readonly leases: number;
  readonly failedCalls: number;
  readonly seconds: number;
  readonly blows: Readonly<Record<string, number>>;
  /** Roles on the target after the end, and leases that are not proven revoked. */
  readonly orphans: readonly string[];
  /** What is wrong with the record. */
  readonly faults: readonly string[];
  /** Of the run itself: brokers that did not come back, and what could not be looked at. */
  readonly failures: readonly string[];
  /** Less the time in which the target, all brokers or the database server were out, or the machine ran nothing. */
  readonly lateness: Lateness;
  /** From a broker's start until it was ready, in ms, the longest. */
  readonly slowestStart: number;
  /** How long after the end of the trouble nothing was left, in ms. */
  readonly settledAfter: number;
  readonly notPhi: {
    readonly starvedShare: number;
    /** Of the processors, used by others; nothing where the kernel does not tell. */
    readonly othersShare: number | undefined;
    readonly silentShare: number;
    readonly notes: readonly string[];
  };
  /** What brokers warned of, and how often. */
  readonly said: Readonly<Record<string, number>>;
}

const PEOPLE = 20;

/** People at work, trouble all around them, then peace; and what is left then. Whatever fails on the way is in the report. */
export async function runSoak({ brokers, seconds, leases }: SoakOptions): Promise<SoakReport> {
  const world = await openSoakWorld(brokers);
  const witness = startWitness(world.toLedger && world.ledgerUrl);
  try {
    const begin = Date.now();
    const targetDown = createSpans();
    const deeds = { issued: 0, failed: 0 };
    const failures: string[] = [];
    const passed = () => Date.now() - begin;
    const isOver = () => passed() > seconds * (deeds.issued < 1.02 * leases ? 1_500 : 1_000);
    // Trouble costs time: whoever is behind what is wanted does not rest.
    const pause = () =>
      deeds.issued < (1.1 * leases * passed()) / (seconds * 1_000) ? 0 : (PEOPLE * seconds * 1_000) / leases;
    const [weather] = await Promise.all([
      makeWeather(world, { targetDown, witness, failures, isOver }),
      ...Array.from({ length: PEOPLE }, () => workAway(world, deeds, pause, isOver)),
    ]);
    const peace = Date.now();
    const othersShare = witness.othersShare();
    const orphans = await untilNothingIsLeft(world);
    const settledAfter = Date.now() - peace;
    const events = await readEvents(world.ledgerUrl).catch((error: Error) => {
      failures.push(`the audit log cannot be read: ${error.message}`);
      return [];
    });
    const excused = [targetDown, world.nobody, witness.silent, witness.starved].flatMap((spans) => spans.list());
    const share = (spans: typeof targetDown) => covered(spans.list(), begin, peace) / (peace - begin);
    return {
      leases: events.filter(({ kind }) => kind === "lease.planned").length,
      failedCalls: deeds.failed,
      seconds: Math.round((peace - begin) / 1_000),
      ...weather,
      orphans,
      faults: readRecord(events, []),
      failures,
      lateness: latenessOf(events, excused),
      settledAfter,
      notPhi: {
        starvedShare: share(witness.starved),
        othersShare,
        silentShare: share(witness.silent),
        notes: witness.notes(),
      },
      said: world.said(),
    };
  } finally {
    await witness.stop();
    await world.close();
  }
}
