import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Emergency, isReviewer, reviewRight } from "./emergency.js";
import type { Principal, Selector } from "./principal.js";

const SUBJECTS = ["alice", "bob", "cem"];
const selector = fc.oneof(
  fc.constantFrom(...SUBJECTS).map((subject): Selector => `principal:${subject}`),
  fc.constantFrom("leads", "security").map((group): Selector => `group:${group}`),
);
const people = fc
  .record({ subject: fc.constantFrom(...SUBJECTS), groups: fc.subarray(["leads", "security"]) })
  .map(({ subject, groups }): Principal => ({ issuer: "https://login", subject, name: subject, groups }));
const emergencies = fc
  .uniqueArray(selector, { minLength: 1 })
  .map((reviewers): Emergency => ({ reviewers, notify: [], reviewBy: 1 }));

describe("whoever the reviewers are", () => {
  it("nobody reviews their own emergency, whatever their groups and name say", () => {
    fc.assert(
      fc.property(emergencies, people, fc.subarray(["leads", "security"]), (emergency, requester, groups) => {
        const same = { ...requester, groups, name: "somebody else" };
        expect(reviewRight({ requester, emergency, state: "ended" }, same)).toBe("own_request");
        expect(isReviewer({ requester, emergency }, same)).toBe(false);
      }),
    );
  });

  it("only a named reviewer reviews, only what is over, and only once", () => {
    fc.assert(
      fc.property(emergencies, people, people, (emergency, requester, who) => {
        fc.pre(requester.subject !== who.subject);
        const named =
          emergency.reviewers.includes(`principal:${who.subject}`) ||
          who.groups.some((group) => emergency.reviewers.includes(`group:${group}`));
        const right = (state: string, review?: Emergency["review"]) =>
          reviewRight({ requester, emergency: { ...emergency, review }, state }, who);
        expect(right("ended")).toBe(named ? "may_review" : "not_a_reviewer");
        expect(right("active")).toBe(named ? "not_over" : "not_a_reviewer");
        const review = { by: requester, verdict: "ok", reason: "-", at: 1 } as const;
        expect(right("ended", review)).toBe(named ? "reviewed" : "not_a_reviewer");
      }),
    );
  });
});
