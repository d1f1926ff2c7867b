import { newId } from "@phi/shared/ids";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerRight, mayAnswerSometime } from "./answer-as.js";
import { type Answer, openStage, yesOf } from "./approval.js";
import type { StandIn } from "./delegation.js";
import type { Stage } from "./policy/rule.js";
import type { Principal, Selector } from "./principal.js";

const SUBJECTS = ["alice", "bob", "cem", "dan", "eve"];
const person = (subject: string, ...groups: string[]): Principal => ({
  issuer: "https://login",
  subject,
  name: subject,
  groups,
});
const place = (principal: Principal, resource?: string): StandIn => ({
  delegation: newId("delegation"),
  principal,
  resource,
});
const leads: Stage[] = [{ from: ["group:leads"], count: 2 }];
const alice = person("alice", "leads");
const bob = person("bob", "leads");
const cem = person("cem");
const asked = { requester: alice, stages: leads, resource: "db-prod" };
const yes = (approver: Principal, onBehalfOf?: Principal): Answer => ({ approver, onBehalfOf, verdict: "approve" });
const right = (who: Principal, answers: Answer[], ...standIns: StandIn[]) =>
  answerRight(asked, answers, who, standIns, "approve").right;

describe("who answers in another's place", () => {
  it("may what the other may, where it was handed over, and not once one of the two has answered", () => {
    expect(right(cem, [])).toBe("not_an_approver");
    expect(answerRight(asked, [], cem, [place(bob)], "approve")).toMatchObject({ standIn: { principal: bob } });
    expect(right(cem, [], place(bob, "db-prod"))).toBe("may_decide");
    expect(right(cem, [], place(bob, "cache-prod"))).toBe("not_an_approver");
    expect(right(cem, [yes(bob)], place(bob))).toBe("answered");
    expect(right(bob, [yes(cem, bob)])).toBe("answered");
    expect(right(cem, [yes(cem, bob)], place(person("dan", "leads")))).toBe("answered");
  });

  it("never answers a request of the one who handed over, and learns nothing of it", () => {
    expect(right(cem, [], place(alice))).toBe("not_an_approver");
    expect(mayAnswerSometime(asked, cem, [place(alice)])).toBe(false);
    expect(mayAnswerSometime(asked, cem, [place(bob)])).toBe(true);
  });

  it("answers in their own right where they have one", () => {
    expect(answerRight(asked, [], bob, [place(person("dan", "leads"))], "approve")).toEqual({ right: "may_decide" });
  });
});

const selector = fc.oneof(
  fc.constantFrom(...SUBJECTS).map((subject): Selector => `principal:${subject}`),
  fc.constantFrom("leads", "security").map((group): Selector => `group:${group}`),
);
const stages = fc.array(
  fc.record({ from: fc.uniqueArray(selector, { minLength: 1 }), count: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 1, maxLength: 3 },
);
/** Everybody has one set of groups throughout. */
const house = fc.record({
  groups: fc.tuple(...SUBJECTS.map(() => fc.subarray(["leads", "security"]))),
  given: fc.array(fc.tuple(fc.constantFrom(...SUBJECTS), fc.constantFrom(...SUBJECTS)), { maxLength: 8 }),
  tries: fc.array(fc.constantFrom(...SUBJECTS), { maxLength: 30 }),
});

describe("whatever was handed over to whom", () => {
  it("no requester's request is approved by themselves or in their place, nobody counts twice, and each place is its owner's own to fill", () => {
    fc.assert(
      fc.property(stages, house, (list, { groups, given, tries }) => {
        const everybody = new Map(SUBJECTS.map((subject, at) => [subject, person(subject, ...(groups[at] ?? []))]));
        const who = (subject: string) => everybody.get(subject) ?? person(subject);
        const request = { requester: who("alice"), stages: list, resource: "db-prod" };
        const answers: Answer[] = [];
        for (const subject of tries) {
          const open = openStage(list, yesOf(answers));
          const standIns = given.filter(([, to]) => to === subject).map(([from]) => place(who(from)));
          const { right, standIn } = answerRight(request, answers, who(subject), standIns, "approve");
          if (open === undefined || right !== "may_decide") continue;
          const counts = standIn?.principal ?? who(subject);
          expect(
            open.stage.from.includes(`principal:${counts.subject}`) ||
              counts.groups.some((group) => open.stage.from.includes(`group:${group}`)),
          ).toBe(true);
          answers.push(standIn === undefined ? yes(who(subject)) : yes(who(subject), standIn.principal));
        }
        const hands = answers.map(({ approver }) => approver.subject);
        const counted = answers.map(({ approver, onBehalfOf }) => (onBehalfOf ?? approver).subject);
        expect(new Set(hands).size).toBe(hands.length);
        expect(new Set(counted).size).toBe(counted.length);
        expect([...hands, ...counted]).not.toContain("alice");
      }),
      { numRuns: 2_000 },
    );
  });
});
