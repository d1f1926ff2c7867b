import { parseCheckpoint, type SignedCheckpoint, verifyCheckpoint } from "./checkpoint.js";
import { type Leafable, leafOf } from "./leaf.js";
import { type LogKey, parseLogKey } from "./log-key.js";
import type { Hash } from "./merkle-hash.js";
import { verifyInclusion } from "./verify-proof.js";

/** An event, and that it is in the log under a signed checkpoint. */
export interface ProvenEvent {
  readonly event: Leafable & { readonly seq: number };
  readonly index: number;
  readonly proof: readonly Hash[];
  /** The signed note. */
  readonly checkpoint: string;
}

/** Whether the event is the one number `seq` of the log, under a checkpoint that one of the keys signed; gives the checkpoint. */
export function verifyProvenEvent(
  { event, index, proof, checkpoint }: ProvenEvent,
  keys: readonly LogKey[],
): SignedCheckpoint | undefined {
  const signed = parseCheckpoint(checkpoint);
  if (signed === undefined || !verifyCheckpoint(signed, keys) || event.seq !== index + 1) return undefined;
  try {
    const { size, root } = signed;
    return verifyInclusion({ index, size, leaf: leafOf(event), proof, root }) ? signed : undefined;
  } catch {
    return undefined; // data that has no canonical JSON makes no leaf
  }
}

/**
 * Follows the log from a key that is known to the one it has now: each change is an event in the log, under a checkpoint that the key before it signed,
 * and the one after it too. Gives every key on the way, the known one first.
 */
export function followKey(known: LogKey, rotations: readonly ProvenEvent[]): LogKey[] {
  const keys = [known];
  for (const rotation of rotations) {
    const [last, next] = [keys.at(-1) ?? known, parseLogKey(String(rotation.event.data.to))];
    if (rotation.event.kind !== "log.key_rotated" || next === undefined || next.name !== last.name) continue;
    if (verifyProvenEvent(rotation, [last]) !== undefined && verifyProvenEvent(rotation, [next]) !== undefined)
      keys.push(next);
  }
  return keys;
}
