import { expect, test } from "vitest";
import { emailFromClaims } from "./email-from-claims.js";

test("an address that the issuer stands for is taken", () => {
  expect(emailFromClaims({ email: "alice@example.com" })).toBe("alice@example.com");
  expect(emailFromClaims({ email: "a.b+c@mail.example.com", email_verified: true })).toBe("a.b+c@mail.example.com");
});

test.each([
  { email: "alice@example.com", email_verified: false },
  { email: "alice@example.com", email_verified: "true" },
  { email: "alice@example.com\r\nBcc: eve@example.com" },
  { email: "alice@example.com, eve@example.com" },
  { email: "Alice <alice@example.com>" },
  { email: '"a b"@example.com' },
  { email: "alice@" },
  { email: "@example.com" },
  { email: "alice\u202e@example.com" },
  { email: ["alice@example.com"] },
  {},
])("what is none, or not verified, is not: %j", (claims) => {
  expect(emailFromClaims(claims)).toBeUndefined();
});
