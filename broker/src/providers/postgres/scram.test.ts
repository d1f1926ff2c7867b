import { expect, it } from "vitest";
import { newPassword, scramVerifier } from "./scram.js";

it("computes the keys of the example in RFC 7677 §3", () => {
  // The RFC gives password, salt, rounds and the server's signature; PostgreSQL 15 stores these keys for them.
  const verifier = scramVerifier("pencil", 4096, Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"));
  expect(verifier).toBe(
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
});

it("makes passwords of 192 bits that need no encoding anywhere", () => {
  const passwords = new Set(Array.from({ length: 100 }, newPassword));
  expect(passwords.size).toBe(100);
  for (const password of passwords) expect(password).toMatch(/^[A-Za-z0-9_-]{32}$/);
});
