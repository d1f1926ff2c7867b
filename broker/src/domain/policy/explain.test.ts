import { describe, expect, it } from "vitest";
import { comparePolicies } from "./compare.js";
import { explain } from "./explain.js";
import type { Ask } from "./obstacle.js";
import { alice, allow, deny, person, policyOf, read } from "./policy.testing.js";
import type { PolicyRule } from "./rule.js";

const ask: Ask = { resource: "db-prod", role: "readonly", duration: 1_800, reason: "INC-42" };
const emergency = { maxDuration: 900, notify: [], reviewers: ["group:security"], reviewWithin: 60 } as const;
const places = [{ resource: "db-prod", role: "readonly" }];
const changes = (rules: PolicyRule[], who = alice) => {
  const policy = policyOf(...rules);
  return explain(policy.weigh(who, ask, 0), ask).changes;
};

describe("what would change an answer", () => {
  it("is what an easier rule wants, easiest first, and what an emergency gives", () => {
    const ticket = allow({ name: "with ticket", approval: undefined, ticket: "required" });
    expect(changes([allow({ emergency }), ticket])).toEqual([
      'with --ticket: allowed at once ("with ticket")',
      'with --emergency: in an emergency at once for up to 15m, reviewed by group:security ("engineers read")',
    ]);
  });

  it("is nothing when it is allowed at once, and the end of a denial when it is denied", () => {
    expect(changes([allow({ approval: undefined, emergency })])).toEqual([]);
    expect(changes([read, deny({ name: "freeze" })])).toEqual(['nothing but a change of the rule "freeze"']);
    expect(changes([allow({ emergency })], person("mallory"))).toEqual([
      'in group:engineering: 1 yes from group:db-leads ("engineers read")',
    ]);
  });
});

describe("a comparison of policies", () => {
  const difference = (before: PolicyRule[], after: PolicyRule[]) =>
    comparePolicies(policyOf(...before), policyOf(...after), places);

  it("hides no gain: an emergency clause, a deny rule that went, a pattern that did", () => {
    expect(difference([read], [allow({ emergency })])).toMatchObject([
      { who: "group:engineering", after: [expect.stringContaining("in an emergency at once for up to 15m")] },
    ]);
    expect(difference([read, deny({})], [read])).toMatchObject([
      { before: ["denied", expect.stringContaining("up to 1h")] },
    ]);
    expect(difference([allow({ idleTimeout: 900 })], [read])).toMatchObject([
      { before: [expect.stringContaining("ends after 15m without use")] },
    ]);
    expect(difference([allow({ ticketPattern: "INC-.*" })], [read])).toHaveLength(1);
  });

  it("is empty for other names, another order, and a rule twice", () => {
    const other = allow({ name: "other", maxDuration: 60 });
    expect(difference([read, other], [other, { ...read, name: "renamed" }, { ...read, name: "again" }])).toEqual([]);
  });
});
