import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkpointText, parseCheckpoint, verifyCheckpoint } from "./checkpoint.js";
import { formatLogKey, logKeyOf, parseLogKey, signText } from "./log-key.js";
import { formatNote, parseNote, verifyNote } from "./signed-note.js";
import { leaves, treeHash } from "./tree.testing.js";

const ORIGIN = "phi.audit/k2m9x4";
const { privateKey } = generateKeyPairSync("ed25519");
const key = logKeyOf(ORIGIN, privateKey);
const text = checkpointText({ origin: ORIGIN, size: 7, root: treeHash(leaves(7)) });
const signed = formatNote({ text, signatures: [{ ...key, signature: signText(text, privateKey) }] });

const holds = (note: string) => {
  const checkpoint = parseCheckpoint(note);
  return checkpoint !== undefined && verifyCheckpoint(checkpoint, [key]);
};

describe("a signed checkpoint", () => {
  test("has the form of C2SP tlog-checkpoint, and holds under its key", () => {
    expect(signed).toMatch(/^phi\.audit\/k2m9x4\n7\n[A-Za-z0-9+/]{43}=\n\n— phi\.audit\/k2m9x4 [A-Za-z0-9+/]+=*\n$/);
    expect(holds(signed)).toBe(true);
    expect(parseCheckpoint(signed)).toMatchObject({ origin: ORIGIN, size: 7 });
  });

  test("is refused whatever byte of it is changed", () => {
    const bytes = Buffer.from(signed);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const flipped = Buffer.from(bytes);
        flipped.writeUInt8((flipped[at] ?? 0) ^ change, at);
        expect(holds(flipped.toString("utf8"))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test("is refused under another key, another log's key, and with a signature that claims the key and does not hold", () => {
    const other = generateKeyPairSync("ed25519").privateKey;
    const checkpoint = parseCheckpoint(signed);
    expect(checkpoint && verifyCheckpoint(checkpoint, [logKeyOf(ORIGIN, other)])).toBe(false);
    expect(checkpoint && verifyCheckpoint(checkpoint, [logKeyOf("phi.audit/other0", privateKey)])).toBe(false);
    const note = parseNote(signed);
    const wrong = { ...key, signature: new Uint8Array(64) };
    expect(note && verifyNote({ ...note, signatures: [...note.signatures, wrong] }, [key])).toBe(false);
    const unknown = { ...logKeyOf(ORIGIN, other), signature: new Uint8Array(64) };
    expect(note && verifyNote({ ...note, signatures: [...note.signatures, unknown] }, [key])).toBe(true);
    expect(note && verifyNote({ ...note, signatures: [unknown] }, [key])).toBe(false);
  });

  test("of what is no checkpoint, nothing is read", () => {
    for (const bad of [
      "",
      "\n\n",
      text,
      signed.replace("\n7\n", "\n07\n"),
      signed.replace("\n7\n", "\n7.0\n"),
      signed.replace("=\n\n", "=\nmore\n\n"),
      signed.slice(0, -1),
      `${signed}\n`,
      signed.replace("— ", "- "),
      signed.replace("\n7\n", "\n7\r\n"),
      `${"x".repeat(20_000)}${signed}`,
    ])
      expect(parseCheckpoint(bad)).toBeUndefined();
  });
});

describe("a log's key", () => {
  test("comes back from its text; a key under a foreign id or with another algorithm does not", () => {
    const words = formatLogKey(key);
    expect(parseLogKey(words)).toEqual({ ...key, publicKey: Buffer.from(key.publicKey) });
    for (const bad of [
      words.replace(key.id, "00000000"),
      words.replace("+A", "+B"),
      words.slice(0, -4),
      `x ${words}`,
      "",
    ])
      expect(parseLogKey(bad)).toBeUndefined();
  });
});
