import { parseCheckpoint } from "@phi/shared/audit/checkpoint";
import { encodeHash } from "@phi/shared/audit/merkle-hash";
import type { InclusionReply } from "@phi/shared/contract/log";
import { PhiError } from "@phi/shared/errors";
import type { EventId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import type { AuditTree } from "../ports/audit-tree.js";
import type { Ledger } from "../ports/ledger.js";

interface Needs {
  readonly ledger: Ledger;
  readonly tree: AuditTree;
}

/** That an event is in the log, for whoever may see the event: from it, the proof and the key alone anybody can check it. */
export function createProveEvent({ ledger, tree }: Needs) {
  return async function proveEvent(caller: Caller, id: EventId): Promise<InclusionReply> {
    const seq = await tree.numberOf(id);
    const [event] =
      seq === undefined
        ? []
        : await ledger.audit({
            after: seq - 1,
            limit: 1,
            before: seq + 1,
            visibleTo: caller.mayAudit ? undefined : caller.principal,
          });
    if (seq === undefined || event === undefined) {
      throw new PhiError("not_found", "There is no such event, or it is not yours to see.", {
        hint: "phi audit --json",
      });
    }
    const checkpoint = await tree.newestCheckpoint();
    const size = checkpoint === undefined ? 0 : (parseCheckpoint(checkpoint)?.size ?? 0);
    if (checkpoint === undefined || seq > size) {
      throw new PhiError("wrong_state", "This event is not under a signed checkpoint yet.", {
        hint: "Try again; if it stays: phi-broker status",
      });
    }
    const proof = await tree.inclusion(seq - 1, size);
    return { event, index: seq - 1, proof: proof.map(encodeHash), checkpoint };
  };
}
