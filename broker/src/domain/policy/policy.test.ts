import { describe, expect, it } from "vitest";
import type { Principal } from "../principal.js";
import type { Ask } from "./obstacle.js";
import { alice, allow, deny, person, policyOf, read } from "./policy.testing.js";
import { explainRefusal, nextStep } from "./refusal-words.js";
import { matchesResource, type PolicyRule } from "./rule.js";

const ask: Ask = { resource: "db-prod", role: "readonly", duration: 1800, reason: "INC-42" };
/** A Monday, 14:00 in Berlin. */
const MONDAY = Date.UTC(2026, 10, 23, 13);
const SATURDAY = Date.UTC(2026, 10, 28, 13);
const office = [
  { days: ["mon", "tue", "wed", "thu", "fri"], from: 540, until: 1020, timeZone: "Europe/Berlin" },
] as const;

const noApproval = { approval: undefined };
const twoOf = (...from: `principal:${string}`[]) => ({ approval: { stages: [{ from, count: 2 }] } });

/** [what is shown, the rules, who, changes to the ask, when, the decision, by which rule or because of what] */
type Row = [string, PolicyRule[], Principal, Partial<Ask>, number, string, string];

const TABLE: Row[] = [
  ["a rule with approvers asks for them", [read], alice, {}, MONDAY, "needs_approval", "engineers read"],
  ["a rule without approvers allows at once", [allow(noApproval)], alice, {}, MONDAY, "allowed", "engineers read"],
  ["no rule, no access", [], alice, {}, MONDAY, "refused", "not_eligible"],
  ["another group", [read], person("alice", "sales"), {}, MONDAY, "refused", "not_eligible"],
  ["no groups", [read], person("alice"), {}, MONDAY, "refused", "not_eligible"],
  ["a group that only begins alike", [read], person("a", "engineering-interns"), {}, MONDAY, "refused", "not_eligible"],
  ["a subject that looks like a group", [read], person("group:engineering"), {}, MONDAY, "refused", "not_eligible"],
  [
    "a person by subject",
    [allow({ requesters: ["principal:alice"] })],
    person("alice"),
    {},
    MONDAY,
    "needs_approval",
    "engineers read",
  ],
  [
    "a group that looks like a subject",
    [allow({ requesters: ["principal:alice"] })],
    person("x", "alice"),
    {},
    MONDAY,
    "refused",
    "not_eligible",
  ],
  ["another role", [read], alice, { role: "readwrite" }, MONDAY, "refused", "not_eligible"],
  ["another resource", [read], alice, { resource: "cache" }, MONDAY, "refused", "not_eligible"],
  ["a name that begins so", [read], alice, { resource: "db-" }, MONDAY, "needs_approval", "engineers read"],
  ["an exact name is whole", [allow({ resources: ["db"] })], alice, {}, MONDAY, "refused", "not_eligible"],
  ["the longest duration is included", [read], alice, { duration: 3600 }, MONDAY, "needs_approval", "engineers read"],
  ["a second too long", [read], alice, { duration: 3601 }, MONDAY, "refused", "too_long"],
  ["a reason is wanted", [read], alice, { reason: undefined }, MONDAY, "refused", "reason_missing"],
  [
    "a reason unlike the pattern",
    [allow({ reasonPattern: "CHG-\\d+" })],
    alice,
    {},
    MONDAY,
    "refused",
    "reason_not_right",
  ],
  [
    "a reason like the pattern",
    [allow({ reasonPattern: "INC-\\d+" })],
    alice,
    {},
    MONDAY,
    "needs_approval",
    "engineers read",
  ],
  [
    "an optional reason may be left out, pattern or not",
    [allow({ reason: "optional", reasonPattern: "x" })],
    alice,
    { reason: undefined },
    MONDAY,
    "needs_approval",
    "engineers read",
  ],
  ["a ticket is wanted", [allow({ ticket: "required" })], alice, {}, MONDAY, "refused", "ticket_missing"],
  [
    "a ticket unlike the pattern",
    [allow({ ticketPattern: "[A-Z]+-\\d+" })],
    alice,
    { ticket: "inc 4" },
    MONDAY,
    "refused",
    "ticket_not_right",
  ],
  ["in its hours", [allow({ during: office })], alice, {}, MONDAY, "needs_approval", "engineers read"],
  ["outside of its hours", [allow({ during: office })], alice, {}, SATURDAY, "refused", "outside_hours"],
  [
    "only oneself could approve",
    [allow({ approval: { stages: [{ from: ["principal:alice"], count: 1 }] } })],
    alice,
    {},
    MONDAY,
    "refused",
    "nobody_can_approve",
  ],
  [
    "one besides oneself, two wanted",
    [allow(twoOf("principal:alice", "principal:bob"))],
    alice,
    {},
    MONDAY,
    "refused",
    "nobody_can_approve",
  ],
  [
    "two besides oneself, two wanted",
    [allow(twoOf("principal:bob", "principal:carol"))],
    alice,
    {},
    MONDAY,
    "needs_approval",
    "engineers read",
  ],
  [
    "two stages of the same single person",
    [
      allow({
        approval: {
          stages: [
            { from: ["principal:bob"], count: 1 },
            { from: ["principal:bob"], count: 1 },
          ],
        },
      }),
    ],
    alice,
    {},
    MONDAY,
    "refused",
    "nobody_can_approve",
  ],
  [
    "two stages, one of them a group",
    [
      allow({
        approval: {
          stages: [
            { from: ["principal:bob"], count: 1 },
            { from: ["group:leads"], count: 3 },
          ],
        },
      }),
    ],
    alice,
    {},
    MONDAY,
    "needs_approval",
    "engineers read",
  ],
  ["a deny rule wins over a rule before it", [allow(noApproval), deny({})], alice, {}, MONDAY, "refused", "denied"],
  ["… and over a rule after it", [deny({}), allow(noApproval)], alice, {}, MONDAY, "refused", "denied"],
  [
    "a deny rule for others",
    [read, deny({ requesters: ["group:sales"] })],
    alice,
    {},
    MONDAY,
    "needs_approval",
    "engineers read",
  ],
  [
    "a deny rule for another role",
    [read, deny({ roles: ["readwrite"] })],
    alice,
    {},
    MONDAY,
    "needs_approval",
    "engineers read",
  ],
  [
    "a deny rule outside of its hours",
    [read, deny({ during: office })],
    alice,
    {},
    SATURDAY,
    "needs_approval",
    "engineers read",
  ],
  [
    "a deny rule for somebody in two groups",
    [allow(noApproval), deny({ requesters: ["group:interns"] })],
    person("i", "engineering", "interns"),
    {},
    MONDAY,
    "refused",
    "denied",
  ],
  [
    "of two that fit, the one that needs fewer people",
    [read, allow({ name: "on call", ...noApproval })],
    alice,
    {},
    MONDAY,
    "allowed",
    "on call",
  ],
  ["of two alike, the first", [read, allow({ name: "second" })], alice, {}, MONDAY, "needs_approval", "engineers read"],
  [
    "the easier rule does not fit, so the harder decides",
    [allow({ name: "with ticket", ...noApproval, ticket: "required" }), read],
    alice,
    {},
    MONDAY,
    "needs_approval",
    "engineers read",
  ],
  [
    "… and the easier one when it fits",
    [read, allow({ name: "with ticket", ...noApproval, ticket: "required" })],
    alice,
    { ticket: "INC-42" },
    MONDAY,
    "allowed",
    "with ticket",
  ],
  [
    "too long for one and not for the other",
    [read, allow({ name: "long", maxDuration: 7200, ...twoOf("principal:bob", "principal:carol") })],
    alice,
    { duration: 7200 },
    MONDAY,
    "needs_approval",
    "long",
  ],
];

describe("the law of the policy", () => {
  it.each(TABLE)("%s", (_what, rules, who, over, at, decision, by) => {
    const made = policyOf(...rules).decide(who, { ...ask, ...over }, at);
    const said = made.decision === "refused" ? made.because : made.rule.name;
    expect([made.decision, said]).toEqual([decision, by]);
  });

  it("a refusal says everything that is missing at once, and what to type", () => {
    const wanted = { ...ask, duration: 7200, reason: undefined };
    const refusal = policyOf(allow({ ticket: "required", ticketPattern: "INC-\\d+" })).decide(alice, wanted, MONDAY);
    if (refusal.decision !== "refused") throw new Error("it was not refused");
    expect(explainRefusal(refusal, wanted)).toBe(
      '2h is too long for readonly on db-prod; the longest is 1h. The policy "engineers read" wants a reason. The policy "engineers read" wants a ticket like INC-\\d+.',
    );
    expect(nextStep(refusal, wanted)).toBe(
      'Ask with --for 1h --reason "why you need db-prod" --ticket (like INC-\\d+)',
    );
  });

  it("a deny rule's message reaches whom it refuses", () => {
    const refusal = policyOf(read, deny({ name: "freeze", message: "no changes until Monday" })).decide(
      alice,
      ask,
      MONDAY,
    );
    if (refusal.decision !== "refused") throw new Error("it was not refused");
    expect(explainRefusal(refusal, ask)).toBe(
      'The policy "freeze" denies readonly on db-prod: no changes until Monday',
    );
  });
});

describe("what was given still holds", () => {
  const given = { resource: "db-prod", role: "readonly", policy: "engineers read" };
  const holds = (rules: PolicyRule[], who: Principal, at = MONDAY) =>
    policyOf(...rules).stillHolds(who, given, at).holds;

  it("while its rule names the principal and is in its hours", () => {
    expect(holds([read], alice)).toBe(true);
    expect(holds([read], person("alice"))).toBe(false);
    expect(holds([allow({ during: office })], alice, SATURDAY)).toBe(false);
    expect(holds([], alice)).toBe(false);
  });

  it("by that rule, not by another one, unless it is gone", () => {
    const other = allow({ name: "another" });
    expect(holds([allow({ requesters: ["group:sales"] }), other], alice)).toBe(false);
    expect(holds([other], alice)).toBe(true);
  });

  it("and not while a rule denies it", () => {
    expect(holds([read, deny({ during: office })], alice)).toBe(false);
    expect(holds([read, deny({ during: office })], alice, SATURDAY)).toBe(true);
  });
});

describe("matchesResource", () => {
  it("takes a name whole, and only a trailing star as a beginning", () => {
    expect(matchesResource("db-prod", "db-prod")).toBe(true);
    expect(matchesResource("db-prod", "db-prod-2")).toBe(false);
    expect(matchesResource("db-*", "db-prod")).toBe(true);
    expect(matchesResource("db-*", "cache")).toBe(false);
    expect(matchesResource("*", "anything")).toBe(true);
  });
});
