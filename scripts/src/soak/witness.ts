import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@libsql/client";
import { watchOthers } from "./others-cpu.js";
import { createSpans, type Spans } from "./spans.js";

/** This process was not run for so long, in ms: the machine has more to do than it can. */
const STARVED = 1_000;
/** The database server, asked without any broker or proxy, took longer for nothing, in ms. */
const SILENT = 1_500;
const LOOK_EVERY = 250;

/**
 * What was not phi's: when the machine did not run us, and when the database server, asked directly to take its write lock and change nothing,
 * did not answer. So a promise that phi broke can be told from one that nobody could keep.
 */
export interface Witness {
  readonly starved: Spans;
  readonly silent: Spans;
  /** See {@link watchOthers}. */
  othersShare(): number | undefined;
  /** What was seen so far, in words, with how the machine was just then. */
  notes(): readonly string[];
  stop(): Promise<void>;
}

/** @param serverUrl of the libSQL server; none when the ledger is a file */
export function startWitness(serverUrl: string | undefined): Witness {
  const starved = createSpans();
  const silent = createSpans();
  const notes: string[] = [];
  const began = Date.now();
  let stopped = false;
  const inWords = (what: string, from: number, to: number) =>
    `${what} for ${seconds(to - from)}, ${seconds(from - began)} after the beginning (${pressure()})`;
  const tell = (...seen: Parameters<typeof inWords>) => notes.push(inWords(...seen));

  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - last - LOOK_EVERY > STARVED) {
      starved.add(last, now);
      tell("the machine ran nothing of this", last, now);
    }
    last = now;
  }, LOOK_EVERY);

  async function watch(url: string): Promise<void> {
    const server = createClient({ url });
    while (!stopped) {
      const from = Date.now();
      // Silence counts while it lasts: a server that never answers again would else be one that was never silent.
      const late = setTimeout(() => {
        silentSince = from;
        silent.begin(from);
      }, SILENT);
      const answer = await server
        .batch([{ sql: "delete from written_batches where id = ''", args: [] }], "write")
        .then(() => undefined)
        .catch((error: Error) => error.message);
      clearTimeout(late);
      if (silentSince !== undefined) {
        silentSince = undefined;
        silent.end();
        tell(`the database server did not answer${answer === undefined ? "" : ` (${answer})`}`, from, Date.now());
      }
      await sleep(LOOK_EVERY);
    }
    server.close();
  }
  let silentSince: number | undefined;
  const watching = serverUrl === undefined ? undefined : watch(serverUrl);

  return {
    starved,
    silent,
    othersShare: watchOthers(),
    notes: () => [
      ...notes,
      ...(silentSince === undefined
        ? []
        : [inWords("the database server has not answered until the end", silentSince, Date.now())]),
    ],
    async stop() {
      stopped = true;
      clearInterval(timer);
      await Promise.race([watching, sleep(5_000, undefined, { ref: false })]);
    },
  };
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");

/** As the kernel tells it, where it does. */
function pressure(): string {
  const load = read("/proc/loadavg").split(" ")[0] ?? "?";
  const share = (file: string) => /avg10=([\d.]+)/.exec(read(file))?.[1] ?? "?";
  return `load ${load}, waiting for CPU ${share("/proc/pressure/cpu")} %, for disk ${share("/proc/pressure/io")} %`;
}
