import type { Instant } from "@phi/shared/time";
import type { Principal } from "../domain/principal.js";
import type { RequestRecord } from "../domain/report.js";

/** Which requests a report is about: those that were open at some time between the two instants. */
export interface RecordsFilter {
  readonly since: Instant;
  /** Exclusive. */
  readonly until: Instant;
  readonly resource?: string | undefined;
  /** Name or subject of the requester. */
  readonly person?: string | undefined;
  /** Only this principal's own. */
  readonly requester?: Principal | undefined;
}

/** Pages of records, oldest first. Timers run between two pages. */
export type RequestRecords = (filter: RecordsFilter) => AsyncGenerator<readonly RequestRecord[], void, void>;
