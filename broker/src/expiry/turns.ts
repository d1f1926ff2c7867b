import type { Log } from "../ports/log.js";

export interface Turns {
  start(): void;
  /** No turn begins any more. Resolves when the one under way is over. */
  stop(): Promise<void>;
}

/**
 * A timer around work that is done in turns, never two at a time.
 *
 * @param turn does the work; resolves with how long to wait before the next, in ms
 * @param failed what the log says of a turn that rejects
 * @param afterFailure how long to wait then, in ms
 * @param first how long to wait before the first turn, in ms
 */
export function createTurns({
  turn,
  failed,
  afterFailure,
  first = 0,
  log,
}: {
  readonly turn: () => Promise<number>;
  readonly failed: string;
  readonly afterFailure: number;
  readonly first?: number;
  readonly log: Log;
}): Turns {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStopped = true;

  async function take(): Promise<void> {
    const sleep = await turn().catch((error: unknown) => {
      log.error(failed, {
        name: error instanceof Error ? error.name : "unknown",
        code: (error as { code?: unknown } | undefined)?.code,
      });
      return afterFailure;
    });
    if (!isStopped) wait(sleep);
  }

  function begin(): void {
    running = take();
  }

  function wait(milliseconds: number): void {
    timer = setTimeout(begin, milliseconds).unref();
  }

  return {
    start() {
      isStopped = false;
      if (first === 0) begin();
      else wait(first);
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
