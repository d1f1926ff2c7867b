import type { LedgerOverview } from "../ports/ledger-overview.js";

/** How often a shared ledger is looked at, in ms: a database server tells nobody what other brokers record. One number is read. */
const LOOK_EVERY = 1_000;

/** Calls `wake` when the log has grown, whoever wrote it. */
export function watchForeignEvents(
  overview: Pick<LedgerOverview, "newestEvent">,
  wake: () => void,
): { stop(): Promise<void> } {
  let seen: number | undefined;
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, LOOK_EVERY).unref();

  async function look(): Promise<void> {
    const newest = await overview.newestEvent().catch(() => undefined); // the database does not answer; the next look may
    if (newest === undefined) return;
    if (seen !== undefined && newest.seq > seen) wake();
    seen = newest.seq;
  }

  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
