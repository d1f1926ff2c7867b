import { EMPTY_ROOT, type Hash, leafHash, nodeHash } from "./merkle-hash.js";
import type { Range } from "./proof-ranges.js";

/** Leaves that differ. */
export const leaves = (count: number): Hash[] =>
  Array.from({ length: count }, (_, index) => leafHash(`event ${index}`));

/** RFC 6962 §2.1, word for word: the root over a list of leaf hashes. */
export function treeHash(list: readonly Hash[]): Hash {
  const [only] = list;
  if (only === undefined) return EMPTY_ROOT;
  if (list.length === 1) return only;
  let k = 1;
  while (k * 2 < list.length) k *= 2;
  return nodeHash(treeHash(list.slice(0, k)), treeHash(list.slice(k)));
}

/** The hashes of parts of a tree. */
export const hashesOf = (ranges: readonly Range[], list: readonly Hash[]): Hash[] =>
  ranges.map(({ from, to }) => treeHash(list.slice(from, to)));
