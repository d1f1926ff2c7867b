import { describe, expect, it } from "vitest";
import { decide, explainRefusal, matchesResource, type PolicyRule } from "./policy.js";
import type { Principal } from "./principal.js";

const alice: Principal = { issuer: "https://login", subject: "alice", name: "alice", groups: ["engineering"] };
const read: PolicyRule = {
  name: "engineers read",
  requesters: ["group:engineering"],
  resources: ["db-*"],
  roles: ["readonly"],
  maxDuration: 3600,
  approval: { from: ["group:db-leads"], count: 1 },
  reason: "required",
  pendingFor: 86_400,
  claimWithin: 28_800,
  starts: "first_use",
};
const ask = { resource: "db-prod", role: "readonly", duration: 1800, reason: "INC-42" };

describe("decide", () => {
  it("asks for approval as the first fitting rule says", () => {
    expect(decide([read], alice, ask)).toEqual({
      decision: "needs_approval",
      rule: read,
      from: ["group:db-leads"],
      count: 1,
    });
  });

  it("allows at once only where a rule names no approver", () => {
    const { approval: _none, ...open } = read;
    expect(decide([open], alice, ask).decision).toBe("allowed");
  });

  it.each([
    ["no rule at all", [], alice, ask],
    ["another group", [read], { ...alice, groups: ["sales"] }, ask],
    ["no groups", [read], { ...alice, groups: [] }, ask],
    ["a group that only begins alike", [read], { ...alice, groups: ["engineering-interns"] }, ask],
    ["another role", [read], alice, { ...ask, role: "readwrite" }],
    ["another resource", [read], alice, { ...ask, resource: "cache" }],
    ["a subject that looks like a group", [read], { ...alice, subject: "group:engineering", groups: [] }, ask],
  ] as const)("refuses by default: %s", (_case, rules, principal, asked) => {
    expect(decide(rules, principal, asked)).toEqual({ decision: "refused", because: "not_eligible" });
  });

  it("names the longest duration when it is too long", () => {
    const decision = decide([read, { ...read, maxDuration: 7200 }], alice, { ...ask, duration: 7201 });
    expect(decision).toEqual({ decision: "refused", because: "too_long", longest: 7200 });
    expect(decision.decision === "refused" && explainRefusal(decision, { ...ask, duration: 7201 })).toContain(
      "the longest is 2h",
    );
  });

  it("lets a later rule decide about what is too long for an earlier one", () => {
    const longer: PolicyRule = {
      ...read,
      name: "long",
      maxDuration: 7200,
      approval: { from: ["group:security"], count: 2 },
    };
    expect(decide([read, longer], alice, { ...ask, duration: 7200 })).toMatchObject({
      decision: "needs_approval",
      rule: longer,
      count: 2,
    });
  });

  it("wants a reason where the rule does", () => {
    expect(decide([read], alice, { ...ask, reason: undefined })).toMatchObject({
      decision: "refused",
      because: "reason_missing",
    });
  });

  it("refuses at once what nobody but the requester could approve", () => {
    const only: PolicyRule = { ...read, approval: { from: ["principal:alice"], count: 1 } };
    expect(decide([only], alice, ask)).toMatchObject({ decision: "refused", because: "nobody_can_approve" });
    const two: PolicyRule = { ...read, approval: { from: ["principal:alice", "principal:bob"], count: 2 } };
    expect(decide([two], alice, ask)).toMatchObject({ decision: "refused", because: "nobody_can_approve" });
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
