import { parseCheckpoint } from "@phi/shared/audit/checkpoint";
import { encodeHash } from "@phi/shared/audit/merkle-hash";
import type { InclusionReply } from "@phi/shared/contract/log";
import type { AuditTree } from "../ports/audit-tree.js";
import type { Ledger } from "../ports/ledger.js";

/** A log has a handful of keys in its life. */
const MOST = 100;

/** Every change of the log's key, so that who knows an old key can follow to the new one: each is an event under a checkpoint that both signed. */
export function createListRotations({ ledger, tree }: { readonly ledger: Ledger; readonly tree: AuditTree }) {
  return async function listRotations(): Promise<InclusionReply[]> {
    const events = await ledger.audit({ kinds: ["log.key_rotated"], limit: MOST });
    const proven = await Promise.all(
      events.map(async (event) => {
        const checkpoint = await tree.checkpointHolding(event.seq);
        const size = checkpoint === undefined ? 0 : (parseCheckpoint(checkpoint)?.size ?? 0);
        if (checkpoint === undefined || size < event.seq) return undefined;
        const proof = (await tree.inclusion(event.seq - 1, size)).map(encodeHash);
        return { event, index: event.seq - 1, proof, checkpoint };
      }),
    );
    return proven.filter((one) => one !== undefined);
  };
}
