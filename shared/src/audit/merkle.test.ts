import { describe, expect, test } from "vitest";
import { EMPTY_FRONTIER, extend, packSubtrees, rootOf, unpackFrontier } from "./frontier.js";
import { leafHash, nodeHash, sameHash } from "./merkle-hash.js";
import { consistencyRanges, inclusionRanges, subtreesOf } from "./proof-ranges.js";
import { hashesOf, leaves, treeHash } from "./tree.testing.js";
import { verifyConsistency, verifyInclusion } from "./verify-proof.js";

const MOST = 70;
const all = leaves(MOST);
const roots = Array.from({ length: MOST + 1 }, (_, size) => treeHash(all.slice(0, size)));
const root = (size: number) => roots[size] ?? treeHash([]);
const hex = (hash: Uint8Array) => Buffer.from(hash).toString("hex");

describe("the Merkle tree of RFC 6962", () => {
  test("hashes as the published vectors say", () => {
    // Certificate Transparency's reference vectors: the empty tree, the empty leaf, and a node of two hashes.
    expect(hex(root(0))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(hex(leafHash(""))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    expect(hex(leafHash("L123456"))).toBe("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    expect(hex(nodeHash(Buffer.from("N123"), Buffer.from("N456")))).not.toBe("");
  });

  test("a frontier has the root of the recursive definition at every size, however it was extended and stored", () => {
    let frontier = EMPTY_FRONTIER;
    for (let size = 0; size <= MOST; size++) {
      expect(hex(rootOf(frontier))).toBe(hex(root(size)));
      expect(hex(rootOf(extend(EMPTY_FRONTIER, all.slice(0, size))))).toBe(hex(root(size)));
      expect(unpackFrontier(size, packSubtrees(frontier))).toEqual({
        size,
        subtrees: frontier.subtrees.map((one) => new Uint8Array(one)),
      });
      frontier = extend(frontier, all.slice(size, size + 1));
    }
    expect(unpackFrontier(3, new Uint8Array(32))).toBeUndefined();
  });

  test("every leaf of every tree is proven to be where it is, and nowhere else", () => {
    for (let size = 1; size <= MOST; size++)
      for (let index = 0; index < size; index++) {
        const leaf = all[index] ?? leafHash("");
        const proof = hashesOf(inclusionRanges(index, size), all);
        const claim = { index, size, leaf, proof, root: root(size) };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, leaf: leafHash("another") })).toBe(false);
        expect(verifyInclusion({ ...claim, index: index + 1 })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [...proof, leaf] })).toBe(false);
        if (proof.length > 0) expect(verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(false);
        expect(verifyInclusion({ ...claim, root: root(size - 1) })).toBe(false);
      }
  });

  test("every tree is proven to begin every larger one, and a tree with another past is not", () => {
    for (let size = 0; size <= MOST; size++)
      for (let older = 0; older <= size; older++) {
        const proof = older === 0 ? [] : hashesOf(consistencyRanges(older, size), all);
        const [before, after] = [
          { size: older, root: root(older) },
          { size, root: root(size) },
        ];
        expect(verifyConsistency(before, after, proof)).toBe(true);
        if (older === 0) continue;
        const forged = treeHash([leafHash("forged"), ...all.slice(1, older)]);
        expect(verifyConsistency({ size: older, root: forged }, after, proof)).toBe(false);
        expect(verifyConsistency(before, { size, root: forged }, proof)).toBe(false);
        if (older < size) {
          expect(verifyConsistency(after, before, proof)).toBe(false);
          expect(verifyConsistency(before, after, proof.slice(1))).toBe(false);
          expect(verifyConsistency(before, after, [...proof, root(1)])).toBe(false);
        }
      }
  });

  test("a range is parted into complete subtrees", () => {
    for (let size = 1; size <= MOST; size++) {
      const parts = subtreesOf({ from: 0, to: size });
      expect(parts.every(({ from, to }) => Number.isInteger(Math.log2(to - from)) && from % (to - from) === 0)).toBe(
        true,
      );
      expect(parts.map(({ to }) => to).at(-1)).toBe(size);
    }
  });

  test("no size that is not a count is taken", () => {
    for (const size of [-1, 1.5, Number.NaN, 2 ** 60]) {
      expect(verifyInclusion({ index: 0, size, leaf: root(1), proof: [], root: root(1) })).toBe(false);
      expect(verifyConsistency({ size, root: root(1) }, { size, root: root(1) }, [])).toBe(false);
    }
    expect(sameHash(new Uint8Array(0), root(0))).toBe(false);
  });
});
