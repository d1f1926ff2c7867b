import { setMaxListeners } from "node:events";
import { interrupted } from "./slots.js";

export interface BatchLimits {
  /** Items of one batch. */
  readonly items: number;
  /** How long the next batch waits for the one before, in ms; what takes longer holds up nobody else. */
  readonly patience: number;
  /** Batches under way at a time, slow ones included. */
  readonly underWay: number;
}

/** Does all of them; one answer per item, in order. Rejects when it failed for all of them. */
export type RunBatch<Item, Answer> = (items: readonly Item[], signal: AbortSignal) => Promise<readonly Answer[]>;

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  /** Set while it is under way: it is no longer waited for. */
  abandon: (() => void) | undefined;
  /** Stops listening to the signal. */
  forget: (() => void) | undefined;
}

/**
 * Does together what waits together: who comes first begins at once, who comes meanwhile is in the next batch. So nobody
 * waits for company, and the busier the target is the less each costs it.
 */
export function createBatches<Item, Answer>(limits: BatchLimits, run: RunBatch<Item, Answer>) {
  const queue = new Set<Waiting<Item, Answer>>();
  let underWay = 0;
  let quick = 0;

  function begin(): void {
    while (queue.size > 0 && quick === 0 && underWay < limits.underWay) {
      const batch = [...queue].slice(0, limits.items);
      for (const one of batch) queue.delete(one);
      void work(batch);
    }
  }

  async function work(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    underWay++;
    quick++;
    let isQuick = true;
    const noLongerQuick = () => {
      if (isQuick) quick--;
      isQuick = false;
    };
    const timer = setTimeout(() => {
      noLongerQuick();
      begin();
    }, limits.patience);
    // Nobody's signal stops the others' work; that of all of them does.
    const abort = new AbortController();
    let wanted = batch.length;
    for (const one of batch) {
      one.abandon = () => {
        if (--wanted === 0) abort.abort();
      };
    }
    try {
      const items = batch.map(({ item }) => item);
      const answers = await run(items, abort.signal);
      for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer);
    } catch (error) {
      for (const one of batch) one.reject(error);
    } finally {
      for (const one of batch) one.forget?.();
      clearTimeout(timer);
      noLongerQuick();
      underWay--;
      begin();
    }
  }

  return {
    /**
     * @throws PhiError `target_unavailable` as soon as the signal aborts: unless it was still in the queue, the outcome is
     *   unknown then.
     */
    add(item: Item, signal: AbortSignal): Promise<Answer> {
      if (signal.aborted) return Promise.reject(interrupted());
      setMaxListeners(0, signal); // that of shutting down may be everybody's
      return new Promise<Answer>((resolve, reject) => {
        const waiting: Waiting<Item, Answer> = { item, resolve, reject, abandon: undefined, forget: undefined };
        const onAbort = () => {
          queue.delete(waiting);
          waiting.abandon?.();
          reject(interrupted());
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.forget = () => signal.removeEventListener("abort", onAbort);
        queue.add(waiting);
        begin();
      });
    },
  };
}
