import { hash } from "node:crypto";

/** A SHA-256 hash: 32 bytes. */
export type Hash = Uint8Array;

/** By way of text: a Buffer that crypto makes has memory of its own to be collected, one from a text is a piece of a shared one. */
const sha256 = (bytes: Uint8Array | string): Hash => Buffer.from(hash("sha256", bytes, "binary"), "binary");

/** The root of the tree without leaves: the hash of nothing (RFC 6962 §2.1). */
export const EMPTY_ROOT: Hash = sha256("");

/** The hash of a leaf: SHA-256(0x00 ‖ entry), the entry as UTF-8 (RFC 6962 §2.1). */
export function leafHash(entry: string): Hash {
  return sha256(`\u0000${entry}`);
}

/** The hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1). */
export function nodeHash(left: Hash, right: Hash): Hash {
  node.set(left, 1);
  node.set(right, 33);
  return sha256(node);
}
/** 0x01 ‖ left ‖ right, written anew for each: hashing is synchronous. */
const node = Uint8Array.of(1, ...new Uint8Array(64));

/** Whether two hashes are the same. They are public: nothing is learnt from the time it takes. */
export function sameHash(a: Hash, b: Hash): boolean {
  return Buffer.compare(a, b) === 0;
}

/** A hash as it travels: base64 with padding (RFC 4648 §4). */
export function encodeHash(value: Hash): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
}

/** Reads {@link encodeHash}; `undefined` for anything else, also for another spelling of the same bytes. */
export function decodeHash(text: unknown): Hash | undefined {
  if (typeof text !== "string" || text.length !== 44) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === 32 && bytes.toString("base64") === text ? bytes : undefined;
}
