import { expect, test } from "vitest";
import { commit, isCommitment, isFreeText } from "./free-text.js";
import { leafEntry, leafOf } from "./leaf.js";
import { encodeHash } from "./merkle-hash.js";

const event = {
  seq: 4,
  event: "evt_0000000000000001",
  at: "2026-11-22T17:05:09.120Z",
  kind: "request.created",
  actor: { issuer: "https://login", subject: "alice", name: "Alice" },
  resource: "db-prod",
  data: { role: "readonly", reason: "INC-42" },
  salts: { reason: "c2FsdHNhbHRzYWx0c2FsdA" },
};

test("a leaf holds every field of the event but its number, sorted, and a text only as a salted hash", () => {
  const sha256 = commit("INC-42", "c2FsdHNhbHRzYWx0c2FsdA").sha256;
  expect(leafEntry(event)).toBe(
    `{"actor":{"issuer":"https://login","name":"Alice","subject":"alice"},"at":"2026-11-22T17:05:09.120Z","data":{"reason":{"sha256":"${sha256}"},"role":"readonly"},"event":"evt_0000000000000001","kind":"request.created","resource":"db-prod"}`,
  );
});

test("an event whose text was erased has the same leaf; one whose text was changed has another", () => {
  const { salts: _, ...erased } = { ...event, data: { ...event.data, reason: commit("INC-42", event.salts.reason) } };
  expect(encodeHash(leafOf(erased))).toBe(encodeHash(leafOf(event)));
  expect(encodeHash(leafOf({ ...event, data: { ...event.data, reason: "INC-43" } }))).not.toBe(
    encodeHash(leafOf(event)),
  );
});

test("the same text under another salt is another hash, so that nobody can guess it from the log", () => {
  expect(commit("INC-42", "a")).not.toEqual(commit("INC-42", "b"));
  expect([
    isCommitment(commit("x", "y")),
    isCommitment("x"),
    isCommitment({ sha256: "00" }),
    isCommitment(null),
  ]).toEqual([true, false, false, false]);
});

test("what people type can be erased; codes of phi's own cannot", () => {
  expect(["reason", "command", "error"].map((field) => isFreeText("request.created", field))).toEqual([
    true,
    true,
    true,
  ]);
  expect([
    isFreeText("request.ended", "because"),
    isFreeText("lease.refused", "because"),
    isFreeText("lease.issued", "handle"),
  ]).toEqual([false, true, false]);
});
