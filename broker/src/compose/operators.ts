import { createAdminHandlers } from "../admin/handlers.js";
import { createAbandonLease } from "../operations/abandon-lease.js";
import { createAdoptLog } from "../operations/adopt-log.js";
import { createEraseTexts } from "../operations/erase-texts.js";
import { createReconcileAll } from "../operations/reconcile-all.js";
import { createReportStatus } from "../operations/report-status.js";
import { createRotateLogKey } from "../operations/rotate-log-key.js";
import type { Parts } from "./parts.js";
import type { World } from "./world.js";

/** Everything that operators can ask of the broker, on its own machine. */
export function composeOperators({ version }: Parts, world: World) {
  const {
    clock,
    overview,
    ledger,
    locks,
    tree,
    standings,
    reconcile,
    sweeps,
    isReady,
    renderMetrics,
    locking,
    telling,
    deliveries,
    keepCalendars,
    catalogue,
    lanes,
    followWindow,
  } = world;
  return {
    ...createAdminHandlers({
      version,
      clock,
      ledger,
      overview,
      locks,
      ...locking,
      isReady,
      reportStatus: createReportStatus({
        overview,
        catalogue,
        clock,
        lanes,
        followWindow,
        standings,
        tree,
        lastSweep: (resource) => sweeps.lastSweep(resource),
      }),
      abandonLease: createAbandonLease({ ledger, clock }),
      reconcileAll: createReconcileAll({ catalogue, reconcile }),
      ...deliveries,
      reportCalendars: keepCalendars.report,
      tree,
      rotateLogKey: createRotateLogKey({ ledger, tree, clock }),
      adoptLog: createAdoptLog({ ledger, tree, clock }),
      eraseTexts: createEraseTexts({ ledger, clock }),
      tryChannel: telling.tryChannel,
    }),
    metrics: renderMetrics,
  };
}
