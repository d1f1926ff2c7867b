import { interrupted } from "./slots.js";

/** One piece of work that waits for its batch, and how to tell whoever asked for it. */
interface Waiting<Item> {
  readonly item: Item;
  readonly settle: (error: unknown) => void;
}

export interface BatchLimits {
  /** Batches under way at a time. */
  readonly underWay: number;
  /** Items of one batch. */
  readonly items: number;
}

/** Does all of them; one answer per item, in order: what went wrong, or `undefined`. Rejects when that is so for all. */
export type RunBatch<Item> = (items: readonly Item[], signal: AbortSignal) => Promise<readonly unknown[]>;

/**
 * Does together what waits together: who comes first begins at once, who comes meanwhile is in the next batch. So nobody
 * waits for company, and the busier the target is the less each costs it.
 */
export function createBatches<Item>(limits: BatchLimits, run: RunBatch<Item>) {
  const queue = new Set<Waiting<Item>>();
  let underWay = 0;

  function begin(): void {
    while (underWay < limits.underWay && queue.size > 0) {
      const batch = [...queue].slice(0, limits.items);
      for (const one of batch) queue.delete(one);
      underWay++;
      void work(batch).finally(() => {
        underWay--;
        begin();
      });
    }
  }

  const stops = new Map<Waiting<Item>, () => void>();

  /** Nobody's signal but that of all of them stops a batch. */
  async function work(batch: readonly Waiting<Item>[]): Promise<void> {
    const abort = new AbortController();
    let wanted = batch.length;
    for (const one of batch) {
      stops.set(one, () => {
        if (--wanted === 0) abort.abort();
      });
    }
    try {
      const answers = await run(
        batch.map(({ item }) => item),
        abort.signal,
      );
      for (const [index, one] of batch.entries()) one.settle(answers[index]);
    } catch (error) {
      for (const one of batch) one.settle(error);
    } finally {
      for (const one of batch) stops.delete(one);
    }
  }

  return {
    /** Resolves when it is done. Aborting stops waiting at once: unless it was still in the queue, the outcome is unknown then. */
    add(item: Item, signal: AbortSignal): Promise<void> {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(interrupted());
          return;
        }
        const waiting: Waiting<Item> = {
          item,
          settle(error) {
            signal.removeEventListener("abort", onAbort);
            if (error === undefined) resolve();
            else reject(error);
          },
        };
        const onAbort = () => {
          if (!queue.delete(waiting)) stops.get(waiting)?.();
          waiting.settle(interrupted());
        };
        signal.addEventListener("abort", onAbort, { once: true });
        queue.add(waiting);
        begin();
      });
    },
  };
}
