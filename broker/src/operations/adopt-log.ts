import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { AuditTree } from "../ports/audit-tree.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";

interface Needs {
  readonly ledger: Ledger;
  readonly tree: AuditTree;
  readonly clock: Clock;
}

/** The log that was begun anew. */
export interface AdoptedLog {
  readonly origin: string;
  readonly key: string;
  readonly size: number;
}

/**
 * Begins the signed log anew where the ledger stands, after a restore or the loss of its key. It is another log from then on, in an epoch of its own, and
 * everybody who remembers the former one is told. Only in conflict: a log that is sound is not begun anew.
 *
 * @throws PhiError `wrong_state`
 */
export function createAdoptLog({ ledger, tree, clock }: Needs) {
  return async function adoptLog(reason: string, operator: string): Promise<AdoptedLog> {
    const because = tree.conflict();
    if (because === undefined)
      throw new PhiError("wrong_state", "The audit log is signed as it should be: there is nothing to adopt.");
    const former = await tree.head();
    const adopted = await tree.restart();
    await ledger.record({
      id: newId("event"),
      at: clock.now(),
      kind: "log.adopted",
      data: { operator, reason, because, origin: adopted.origin, former: former?.origin, size: adopted.size },
    });
    return adopted;
  };
}
