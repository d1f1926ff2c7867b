import type { Ledger } from "../ports/ledger.js";

/** The same ledger; `wake` hears after each durable change that something was recorded. */
export function wakingLedger(ledger: Ledger, wake: () => void): Ledger {
  return {
    ...ledger,
    async commit(change) {
      const outcome = await ledger.commit(change);
      if (outcome === "moved") wake();
      return outcome;
    },
    async erase(what, event) {
      await ledger.erase(what, event);
      wake();
    },
    async record(...events) {
      await ledger.record(...events);
      wake();
    },
  };
}
