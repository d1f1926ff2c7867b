import type { Log } from "../ports/log.js";
import { createTurns, type Turns } from "./turns.js";

/** Between two passes, in ms. */
const EVERY = 10_000;

/** A timer around `keepRecordings`, apart from the expiry loop, which nothing may hold up. */
export function createRecordingsKeeper({
  keepRecordings,
  log,
}: {
  readonly keepRecordings: () => Promise<void>;
  readonly log: Log;
}): Turns {
  return createTurns({
    async turn() {
      await keepRecordings();
      return EVERY;
    },
    failed: "keeping recordings failed",
    afterFailure: EVERY,
    first: EVERY,
    log,
  });
}
