import type { Resource } from "../domain/resource.js";
import type { Reconcile, TargetReport } from "../operations/reconcile.js";
import type { Log } from "../ports/log.js";

/** Between two looks at one target, in ms, and up to a quarter more or less, so that many brokers and targets spread. */
const EVERY = 5 * 60_000;
/** After a look that failed, in ms. */
const AFTER_FAILURE = 30_000;

export interface TargetSweeps {
  /** Looks at every target now; resolves when each was looked at once. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** When a look at the target last succeeded. */
  lastSweep(resource: string): number | undefined;
}

/** One timer per target; a target that does not answer delays no other. */
export function createTargetSweeps(needs: {
  readonly resources: readonly Resource[];
  readonly reconcile: Reconcile;
  readonly random: () => number;
  readonly now: () => number;
  readonly log: Log;
}): TargetSweeps {
  const { resources, reconcile, random, now, log } = needs;
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  const last = new Map<string, number>();
  const stop = new AbortController();

  async function sweep(resource: Resource): Promise<void> {
    let report: TargetReport | undefined;
    try {
      report = await reconcile(resource, { dryRun: false, adopt: false }, stop.signal);
    } catch (error) {
      log.error("sweep failed", { resource: resource.name, name: error instanceof Error ? error.name : "unknown" });
    }
    const well = report !== undefined && report.outcome !== "unreachable";
    if (well) last.set(resource.name, now());
    if (report?.outcome === "outdated") log.error("ledger is older than the target", { resource: resource.name });
    if (stop.signal.aborted) return;
    const delay = (well ? EVERY : AFTER_FAILURE) * (0.75 + random() / 2);
    timers.set(resource.name, setTimeout(() => run(resource), delay).unref());
  }

  function run(resource: Resource): Promise<void> {
    const work = sweep(resource);
    running.add(work);
    return work.finally(() => running.delete(work));
  }

  return {
    async start() {
      await Promise.all(resources.map(run));
    },
    async stop() {
      stop.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running);
    },
    lastSweep: (resource) => last.get(resource),
  };
}
