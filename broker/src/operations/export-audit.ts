import type { AuditExport } from "@phi/shared/contract/audit-event";
import { newId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import type { AuditExports, ExportPiece } from "../ports/audit-log.js";
import type { AuditTree } from "../ports/audit-tree.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import { auditFilterFor } from "./query-audit.js";

/** Everything that fits and that the caller may see, as lines. That it was taken is an event, and the last one in it. */
export function createExportAudit({
  ledger,
  clock,
  exports,
  tree,
}: {
  readonly ledger: Pick<Ledger, "record">;
  readonly clock: Clock;
  readonly exports: AuditExports;
  readonly tree: Pick<AuditTree, "newestCheckpoint">;
}) {
  return async function exportAudit(
    caller: Caller,
    { format, ...asked }: AuditExport,
  ): Promise<AsyncGenerator<ExportPiece, void, void>> {
    await ledger.record({
      id: newId("event"),
      at: clock.now(),
      kind: "log.exported",
      actor: caller.principal,
      data: { format, ...asked },
    });
    const filter = auditFilterFor(caller, asked);
    const isWhole = Object.values(filter).every((value) => value === undefined);
    // The whole log as JSON lines verifies offline: its first line is what was signed.
    const checkpoint = format === "jsonl" && isWhole ? await tree.newestCheckpoint() : undefined;
    const events = exports({ filter, format, after: 0 });
    if (checkpoint === undefined) return events;
    const bytes = new TextEncoder().encode(`${JSON.stringify({ checkpoint })}\n`);
    return after({ bytes, upTo: 0 }, events);
  };
}

async function* after(
  first: ExportPiece,
  events: AsyncGenerator<ExportPiece, void, void>,
): AsyncGenerator<ExportPiece, void, void> {
  yield first;
  yield* events;
}
