import type { Config } from "../config/config.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";
import type { Provider } from "../ports/provider.js";
import type { Recordings } from "../ports/recordings.js";
import type { LogKeeper } from "../store/log-keeper.js";

/** What a broker is made of. */
export interface Parts {
  readonly config: Config;
  /** Reads the configuration again, for its policies; without it they stay as they are. */
  readonly loadAgain?: () => Promise<Config>;
  readonly version: string;
  readonly providers: Readonly<Record<string, Provider>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Stands between the operations and their ledger; for proofs that need to fail there. */
  readonly wrapLedger?: (ledger: Ledger) => Ledger;
  /** … and their recordings. */
  readonly wrapRecordings?: (recordings: Recordings) => Recordings;
  /** Stands between the store and the keeper of its log; for measures of what that costs. */
  readonly wrapLogKeeper?: (keeper: LogKeeper) => LogKeeper;
}
