import type { Log } from "../ports/log.js";

/** Between two passes, in ms. */
const EVERY = 10_000;

export interface RecordingsKeeper {
  start(): void;
  /** Resolves when the pass under way is over. */
  stop(): Promise<void>;
}

/** A timer around `keepRecordings`, apart from the expiry loop, which nothing may hold up. */
export function createRecordingsKeeper(needs: {
  readonly keepRecordings: () => Promise<void>;
  readonly log: Log;
}): RecordingsKeeper {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStopped = true;

  async function turn(): Promise<void> {
    try {
      await needs.keepRecordings();
    } catch (error) {
      needs.log.error("keeping recordings failed", {
        name: error instanceof Error ? error.name : "unknown",
        code: (error as { code?: unknown } | undefined)?.code,
      });
    }
    if (!isStopped) wait();
  }

  function wait(): void {
    timer = setTimeout(() => {
      running = turn();
    }, EVERY).unref();
  }

  return {
    start() {
      isStopped = false;
      wait();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
