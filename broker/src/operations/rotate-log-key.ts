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

/** The key before and the key from now on, as people pass them on. */
export interface RotatedKey {
  readonly from: string;
  readonly to: string;
}

/** Gives the log a new key. The event that says so is under a checkpoint that both keys signed, so that who knows the old one can follow. */
export function createRotateLogKey({ ledger, tree, clock }: Needs) {
  return async function rotateLogKey(operator: string): Promise<RotatedKey> {
    const { from, to } = tree.prepareRotation();
    await ledger.record({ id: newId("event"), at: clock.now(), kind: "log.key_rotated", data: { operator, from, to } });
    await tree.catchUp();
    if (tree.key() !== to) {
      throw new PhiError("store_unavailable", "The new key is on record, but no checkpoint is signed with it yet.", {
        hint: "phi-broker status says why; phi-broker audit key names the key that counts.",
      });
    }
    return { from, to };
  };
}
