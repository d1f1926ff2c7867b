import type { Ledger } from "../ports/ledger.js";
import type { Measures } from "../ports/measures.js";

/** The same ledger; how long each durable change took is counted. `monotonic` is a clock in ms that nobody steps. */
export function measuredLedger(ledger: Ledger, measures: Measures, monotonic: () => number): Ledger {
  return {
    ...ledger,
    async commit(change) {
      const began = monotonic();
      const outcome = await ledger.commit(change);
      measures.committed(monotonic() - began);
      return outcome;
    },
  };
}
