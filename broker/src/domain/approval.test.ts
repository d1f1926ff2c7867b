import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Answer, decisionRight, openStage, yesOf } from "./approval.js";
import type { Stage } from "./policy/rule.js";
import type { Principal, Selector } from "./principal.js";

const person = (subject: string, ...groups: string[]): Principal => ({
  issuer: "https://login",
  subject,
  name: subject,
  groups,
});
const alice = person("alice", "leads", "security");
const two: Stage[] = [
  { from: ["group:leads"], count: 1 },
  { from: ["group:security", "principal:cem"], count: 2 },
];
const yes = (...subjects: string[]): Answer[] =>
  subjects.map((subject) => ({ approver: person(subject), verdict: "approve" }));
const right = (who: Principal, answers: Answer[], verdict: Answer["verdict"] = "approve") =>
  decisionRight({ requester: alice, stages: two }, answers, who, verdict);

describe("stages", () => {
  it("are filled one after the other", () => {
    expect(openStage(two, 0)).toMatchObject({ number: 1, missing: 1 });
    expect(openStage(two, 1)).toMatchObject({ number: 2, missing: 2 });
    expect(openStage(two, 2)).toMatchObject({ number: 2, missing: 1 });
    expect(openStage(two, 3)).toBeUndefined();
    expect(openStage([], 0)).toBeUndefined();
  });

  it("let each of their people say yes in their turn, once, and no at any time", () => {
    expect(right(person("lea", "leads"), [])).toBe("may_decide");
    expect(right(person("sam", "security"), [])).toBe("not_this_stage");
    expect(right(person("sam", "security"), [], "deny")).toBe("may_decide");
    expect(right(person("sam", "security"), yes("lea"))).toBe("may_decide");
    expect(right(person("cem"), yes("lea", "sam"))).toBe("may_decide");
    expect(right(person("lea", "leads"), yes("lea"))).toBe("answered");
    expect(right(person("lea", "leads", "security"), yes("lea"))).toBe("answered");
    expect(right(person("lou", "leads"), yes("lea"))).toBe("not_this_stage");
    expect(right(person("nobody"), [])).toBe("not_an_approver");
  });
});

const SUBJECTS = ["alice", "bob", "cem", "dan", "eve"];
const selector = fc.oneof(
  fc.constantFrom(...SUBJECTS).map((subject): Selector => `principal:${subject}`),
  fc.constantFrom("leads", "security").map((group): Selector => `group:${group}`),
);
const stages = fc.array(
  fc.record({ from: fc.uniqueArray(selector, { minLength: 1 }), count: fc.integer({ min: 1, max: 3 }) }),
  {
    minLength: 1,
    maxLength: 3,
  },
);
const people = fc
  .constantFrom(...SUBJECTS)
  .chain((subject) => fc.subarray(["leads", "security"]).map((groups) => person(subject, ...groups)));

describe("whatever the stages, the groups and the order of answers", () => {
  it("no principal ever decides their own request", () => {
    fc.assert(
      fc.property(stages, people, fc.constantFrom<Answer["verdict"]>("approve", "deny"), (list, who, verdict) => {
        const otherGroups = { ...who, groups: ["leads", "security"], name: "somebody else" };
        expect(decisionRight({ requester: who, stages: list }, [], otherGroups, verdict)).toBe("own_request");
      }),
    );
  });

  it("a request is approved by just as many different people as its stages count, none of them its requester, each named by their stage", () => {
    fc.assert(
      fc.property(stages, fc.array(people, { maxLength: 40 }), (list, tries) => {
        const answers: Answer[] = [];
        const filled: { who: Principal; stage: Stage }[] = [];
        for (const who of tries) {
          const open = openStage(list, yesOf(answers));
          if (open === undefined) break;
          if (decisionRight({ requester: alice, stages: list }, answers, who, "approve") !== "may_decide") continue;
          answers.push({ approver: who, verdict: "approve" });
          filled.push({ who, stage: open.stage });
        }
        expect(new Set(filled.map(({ who }) => who.subject)).size).toBe(filled.length);
        expect(filled.some(({ who }) => who.subject === "alice")).toBe(false);
        for (const { who, stage } of filled)
          expect(
            stage.from.includes(`principal:${who.subject}`) ||
              who.groups.some((group) => stage.from.includes(`group:${group}`)),
          ).toBe(true);
        const needed = list.reduce((sum, stage) => sum + stage.count, 0);
        expect(filled.length).toBeLessThanOrEqual(needed);
        expect(openStage(list, filled.length) === undefined).toBe(filled.length === needed);
      }),
      { numRuns: 1_000 },
    );
  });
});
