import type { Catalogue } from "../ports/catalogue.js";
import type { Reconcile, ReconcileOrder, TargetReport } from "./reconcile.js";

export type ReconcileAll = (order: ReconcileOrder) => Promise<TargetReport[]>;

/** Every configured target, side by side: one that does not answer says so and holds up no other. */
export function createReconcileAll({
  catalogue,
  reconcile,
}: {
  readonly catalogue: Catalogue;
  readonly reconcile: Reconcile;
}): ReconcileAll {
  return (order) => Promise.all(catalogue.resources.map((resource) => reconcile(resource, order)));
}
