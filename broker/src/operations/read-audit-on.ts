import type { AuditEvent, AuditFilter } from "@phi/shared/contract/audit-event";
import type { Caller } from "../domain/caller.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import type { createQueryAudit } from "./query-audit.js";

/** What came to the log after a position. */
export interface AuditNews {
  readonly events: readonly AuditEvent[];
  /** Read up to here, whether it fitted or not: the next look begins after it. */
  readonly position: number;
  /** There is more than this at once. */
  readonly more: boolean;
}

/** For who follows the log: a look costs one number while nothing has come. */
export function createReadAuditOn({
  queryAudit,
  overview,
}: {
  readonly queryAudit: ReturnType<typeof createQueryAudit>;
  readonly overview: Pick<LedgerOverview, "newestEvent">;
}) {
  return async function readAuditOn(
    caller: Caller,
    filter: AuditFilter,
    position: number,
    limit: number,
  ): Promise<AuditNews> {
    const newest = (await overview.newestEvent())?.seq ?? 0;
    if (newest <= position) return { events: [], position, more: false };
    const { events, next, head } = await queryAudit(caller, { ...filter, order: "oldest", after: position, limit });
    return { events, position: next ?? head, more: next !== undefined };
  };
}
