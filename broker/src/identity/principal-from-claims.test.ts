import { describe, expect, test } from "vitest";
import { principalFromClaims } from "./principal-from-claims.js";

const from = (claims: Record<string, unknown>, subject = "alice") =>
  principalFromClaims({ issuer: "https://login.example.com", subject, expiresAt: 0, claims }, "groups");

test("a principal is issuer and subject, a name to show and the groups of the configured claim", () => {
  expect(from({ preferred_username: "alice.l", groups: ["engineering", "oncall", "engineering"] })).toEqual({
    issuer: "https://login.example.com",
    subject: "alice",
    name: "alice.l",
    groups: ["engineering", "oncall"],
  });
});

test("the groups claim may have any name", () => {
  const claims = { "https://example.com/groups": ["a"], groups: ["b"] };
  const verified = { issuer: "i", subject: "s", expiresAt: 0, claims };
  expect(principalFromClaims(verified, "https://example.com/groups").groups).toEqual(["a"]);
});

describe("the name is", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["the address when there is no user name", { email: "a@example.com" }, "a@example.com"],
    ["not an address that is not verified", { email: "a@example.com", email_verified: false }, "alice"],
    ["not an address that is verified by a text", { email: "a@example.com", email_verified: "false" }, "alice"],
    ["the subject when there is nothing else", {}, "alice"],
    ["not a number", { preferred_username: 7 }, "alice"],
    ["not an empty text", { preferred_username: "\u200b \u202e" }, "alice"],
    ["without what could act on a terminal", { preferred_username: "al\u001b[31mice\u202e\n" }, "al[31mice"],
    ["cut when it has no end", { preferred_username: "x".repeat(500) }, `${"x".repeat(99)}…`],
    ["not inherited", JSON.parse('{"__proto__":{"preferred_username":"root"}}') as Record<string, unknown>, "alice"],
  ])("%s", (_, claims, name) => {
    expect(from(claims).name).toBe(name);
  });
});

describe("no groups come from", () => {
  test.each<[string, Record<string, unknown>]>([
    ["no claim", {}],
    ["a text", { groups: "phi-admins" }],
    ["a text with commas", { groups: "a,phi-admins" }],
    ["null", { groups: null }],
    ["a mapping", { groups: { 0: "phi-admins", length: 1 } }],
    ["a list with a number", { groups: ["engineering", 1] }],
    ["a list of lists", { groups: [["phi-admins"]] }],
    ["a list with an empty name", { groups: ["engineering", ""] }],
    ["a list with a name of 256 characters", { groups: ["x".repeat(256)] }],
    ["more than 1,000 groups", { groups: Array.from({ length: 1_001 }, (_, index) => `g${index}`) }],
    [
      "a pointer to where they are",
      { _claim_names: { groups: "src1" }, _claim_sources: { src1: { endpoint: "https://x" } } },
    ],
    ["a list that goes on elsewhere", { groups: ["engineering"], _claim_names: { groups: "src1" } }],
  ])("%s", (_, claims) => {
    expect(from(claims).groups).toEqual([]);
  });
});

test("a thousand groups of 255 characters are all kept", () => {
  const groups = Array.from({ length: 1_000 }, (_, index) => String(index).padStart(255, "g"));
  expect(from({ groups }).groups).toEqual(groups);
});

test.each([
  ["empty", ""],
  ["longer than 255 characters", "x".repeat(256)],
  ["with a line end", "alice\n"],
  ["with a character nobody sees", "ali\u200bce"],
])("a subject that is %s is refused", (_, subject) => {
  expect(() => from({}, subject)).toThrow(expect.objectContaining({ code: "id_token_rejected" }));
});
