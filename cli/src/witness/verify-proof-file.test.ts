import { generateKeyPairSync } from "node:crypto";
import { canonicalJson } from "@phi/shared/audit/canonical-json";
import { checkpointText } from "@phi/shared/audit/checkpoint";
import { EMPTY_FRONTIER, extend, foldSubtrees, rootOf } from "@phi/shared/audit/frontier";
import { leafOf } from "@phi/shared/audit/leaf";
import { logKeyOf, signText } from "@phi/shared/audit/log-key";
import { leafHash } from "@phi/shared/audit/merkle-hash";
import { formatProofFile } from "@phi/shared/audit/proof-file";
import { inclusionRanges } from "@phi/shared/audit/proof-ranges";
import { formatNote } from "@phi/shared/audit/signed-note";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import fc from "fast-check";
import { expect, test } from "vitest";
import { verifyProofText } from "./verify-proof-file.js";

const ORIGIN = "phi.audit/k2m9x4";
const { privateKey } = generateKeyPairSync("ed25519");
const key = logKeyOf(ORIGIN, privateKey);
const bare: AuditEvent = {
  seq: 6,
  event: "evt_0000000000000006",
  at: "2026-11-22T17:05:09.120Z",
  kind: "request.created",
  actor: { issuer: "https://login", subject: "alice", name: "Alice é" },
  resource: "db-prod",
  data: { role: "readonly", duration: 600, reason: "INC-42" },
  salts: { reason: "c2FsdHNhbHRzYWx0c2FsdA" },
};
const event = { ...bare, leaf: Buffer.from(leafOf(bare)).toString("hex") };
const leaves = Array.from({ length: 13 }, (_, index) => (index === 5 ? leafOf(event) : leafHash(String(index))));
const root = rootOf(extend(EMPTY_FRONTIER, leaves));
const proof = inclusionRanges(5, 13).map(({ from, to }) => {
  const { subtrees } = extend(EMPTY_FRONTIER, leaves.slice(from, to));
  return foldSubtrees(subtrees) ?? root;
});
const text = checkpointText({ origin: ORIGIN, size: 13, root });
const checkpoint = formatNote({ text, signatures: [{ ...key, signature: signText(text, privateKey) }] });
const file = formatProofFile({ extra: canonicalJson(event), index: 5, proof, checkpoint });

test("a proof file verifies with the log's key alone, and with no other", () => {
  expect(verifyProofText(file, [key])).toMatchObject({ index: 5, signed: 13, event: { data: { reason: "INC-42" } } });
  const other = generateKeyPairSync("ed25519").privateKey;
  expect(() => verifyProofText(file, [logKeyOf(ORIGIN, other)])).toThrow(/not proven/);
});

test("a proof file is refused whatever byte of it is changed", () => {
  const bytes = Buffer.from(file);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8((flipped[at] ?? 0) ^ change, at);
      expect(() => verifyProofText(flipped.toString("utf8"), [key])).toThrow(/proof|proven/);
    }),
    { numRuns: 3_000 },
  );
});

test("a proof file is refused whatever is cut from it or added to it", () => {
  for (let length = 0; length < file.length; length += 7)
    expect(() => verifyProofText(file.slice(0, length), [key])).toThrow();
  expect(() => verifyProofText(`${file}\n`, [key])).toThrow();
  expect(() => verifyProofText(`\n${file}`, [key])).toThrow();
});
