import { EMPTY_ROOT, type Hash, nodeHash } from "./merkle-hash.js";

/**
 * All that is needed of a Merkle tree to append to it and to name its root: the roots of the complete subtrees it is made of, largest
 * first, one for each bit of its size (RFC 6962 §2.1). For a million leaves that is at most twenty hashes. A value: nothing changes it.
 */
export interface Frontier {
  /** Number of leaves. */
  readonly size: number;
  readonly subtrees: readonly Hash[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, subtrees: [] };

/** A complete subtree of 2^`level` leaves, the `index`-th of its level from the left. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
  readonly hash: Hash;
}

/** The tree with these leaves added at its end. `completed` hears of every inner subtree that became complete. */
export function extend(
  { size, subtrees }: Frontier,
  leaves: Iterable<Hash>,
  completed?: (subtree: Subtree) => void,
): Frontier {
  const stack = [...subtrees];
  let count = size;
  for (const leaf of leaves) {
    let node = leaf;
    let level = 0;
    // A carry of the binary counter: each complete pair becomes one subtree of the next level. Sizes may need more than 32 bits.
    for (let rest = count; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = stack.pop();
      if (left === undefined) throw new Error("a frontier has fewer subtrees than its size says");
      node = nodeHash(left, node);
      level += 1;
      completed?.({ level, index: (rest - 1) / 2, hash: node });
    }
    stack.push(node);
    count += 1;
  }
  return { size: count, subtrees: stack };
}

/** The root hash of the tree (RFC 6962 §2.1). */
export function rootOf({ subtrees }: Frontier): Hash {
  return foldSubtrees(subtrees) ?? EMPTY_ROOT;
}

/** The hash over complete subtrees that lie side by side, largest first; `undefined` for none. */
export function foldSubtrees(subtrees: readonly Hash[]): Hash | undefined {
  return subtrees.reduceRight<Hash | undefined>(
    (right, left) => (right === undefined ? left : nodeHash(left, right)),
    undefined,
  );
}

/** A frontier as one row or file holds it: its hashes after each other. */
export function packSubtrees({ subtrees }: Frontier): Uint8Array {
  return Buffer.concat(subtrees);
}

/** Reads {@link packSubtrees}; `undefined` when it cannot be the frontier of a tree of this size. */
export function unpackFrontier(size: number, bytes: Uint8Array): Frontier | undefined {
  if (!Number.isSafeInteger(size) || size < 0 || bytes.length !== 32 * onesIn(size)) return undefined;
  // A copy: a Buffer's slice would share its memory with whoever gave it.
  const copy = Uint8Array.from(bytes);
  return {
    size,
    subtrees: Array.from({ length: copy.length / 32 }, (_, index) => copy.subarray(32 * index, 32 * index + 32)),
  };
}

function onesIn(size: number): number {
  return [...size.toString(2)].filter((digit) => digit === "1").length;
}
