/** The leaves from `from` up to, not including, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The largest power of two below `n` (n > 1): where RFC 6962 §2.1 parts a tree. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * The parts of the tree whose hashes prove that a leaf is in it, from the leaf's sibling up to a child of the root
 * (RFC 6962 §2.1.1, PATH).
 */
export function inclusionRanges(index: number, size: number): Range[] {
  return pathTo(index, { from: 0, to: size });
}

function pathTo(index: number, { from, to }: Range): Range[] {
  if (to - from <= 1) return [];
  const middle = from + split(to - from);
  return index < middle
    ? [...pathTo(index, { from, to: middle }), { from: middle, to }]
    : [...pathTo(index, { from: middle, to }), { from, to: middle }];
}

/** The parts of the tree whose hashes prove that the tree of `older` leaves is its beginning (RFC 6962 §2.1.2, PROOF); 0 < older ≤ size. */
export function consistencyRanges(older: number, size: number): Range[] {
  return subproof(older, { from: 0, to: size }, true);
}

/** RFC 6962 §2.1.2, SUBPROOF. `older` counts from the range's beginning; a whole range that is the old tree itself is known to the verifier. */
function subproof(older: number, { from, to }: Range, isOldTree: boolean): Range[] {
  const size = to - from;
  if (older === size) return isOldTree ? [] : [{ from, to }];
  const k = split(size);
  const middle = from + k;
  return older <= k
    ? [...subproof(older, { from, to: middle }, isOldTree), { from: middle, to }]
    : [...subproof(older - k, { from: middle, to }, false), { from, to: middle }];
}

/** A range as complete subtrees side by side, largest first, as a tree of its own would have them. */
export function subtreesOf({ from, to }: Range): Range[] {
  const parts: Range[] = [];
  for (let at = from; at < to; ) {
    let size = 1;
    while (at + size * 2 <= to) size *= 2;
    parts.push({ from: at, to: at + size });
    at += size;
  }
  return parts;
}
