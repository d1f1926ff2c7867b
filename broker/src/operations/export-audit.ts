import type { AuditExport } from "@phi/shared/contract/audit-event";
import { newId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import type { AuditExports, ExportPiece } from "../ports/audit-log.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import { auditFilterFor } from "./query-audit.js";

/** Everything that fits and that the caller may see, as lines. That it was taken is an event, and the last one in it. */
export function createExportAudit({
  ledger,
  clock,
  exports,
}: {
  readonly ledger: Pick<Ledger, "record">;
  readonly clock: Clock;
  readonly exports: AuditExports;
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
    return exports({ filter: auditFilterFor(caller, asked), format, after: 0 });
  };
}
