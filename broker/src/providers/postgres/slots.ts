import { PhiError } from "@phi/shared/errors";

export type Slots = ReturnType<typeof createSlots>;

/** At most `count` pieces of work at a time; the others wait in the order in which they came, `patience` milliseconds at most. */
export function createSlots(count: number, patience: number) {
  let free = count;
  const waiting = new Set<() => void>();

  function giveBack(): void {
    const [next] = waiting;
    if (next === undefined) free++;
    else next();
  }

  return {
    /**
     * Resolves when there is a slot, with the function that gives it back; call that once.
     *
     * @throws PhiError `target_unavailable` when the signal aborts or patience ends first.
     */
    take(signal: AbortSignal): Promise<() => void> {
      if (free > 0) {
        free--;
        return Promise.resolve(giveBack);
      }
      return new Promise((resolve, reject) => {
        const settle = (finish: () => void) => {
          clearTimeout(timer);
          signal.removeEventListener("abort", onAbort);
          waiting.delete(onTurn);
          finish();
        };
        const onTurn = () => settle(() => resolve(giveBack));
        const onAbort = () => settle(() => reject(interrupted()));
        const timer = setTimeout(() => settle(() => reject(tooBusy())), patience);
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.add(onTurn);
      });
    },
  };
}

/** The caller has stopped waiting. */
export const interrupted = () => new PhiError("target_unavailable", "The broker stopped waiting for PostgreSQL.");
const tooBusy = () => new PhiError("target_unavailable", "Too much else is under way on this PostgreSQL.");
