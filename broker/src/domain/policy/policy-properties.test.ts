import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Calendar, type Calendars, type OnCallWord, onCallBy, type Turn } from "../on-call.js";
import { matchesAny, type Selector } from "../principal.js";
import { explain } from "./explain.js";
import type { Ask, Obstacle } from "./obstacle.js";
import { person, policyOf } from "./policy.testing.js";
import { type AllowRule, approvalsNeeded, type DenyRule, matchesResource, type PolicyRule } from "./rule.js";
import type { TimeSpan } from "./time-span.js";

/** Few names, so that most questions meet some rules. */
const SUBJECTS = ["ann", "bob", "cem"];
const GROUPS = ["g1", "g2", "g3"];
const selector = fc.oneof(
  fc.constantFrom(...GROUPS).map((group): Selector => `group:${group}`),
  fc.constantFrom(...SUBJECTS).map((subject): Selector => `principal:${subject}`),
);
const people = fc.uniqueArray(selector, { minLength: 1, maxLength: 3 });
const resources = fc.uniqueArray(fc.constantFrom("db-a", "db-b", "db-*", "d*", "*", "cache"), {
  minLength: 1,
  maxLength: 2,
});
const roles = fc.uniqueArray(fc.constantFrom("read", "write"), { minLength: 1, maxLength: 2 });
const span = fc.record<TimeSpan>({
  days: fc.uniqueArray(fc.constantFrom("mon", "tue", "sat", "sun"), { minLength: 1 }),
  from: fc.integer({ min: 0, max: 1_439 }),
  until: fc.integer({ min: 1, max: 1_440 }),
  timeZone: fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kolkata"),
});
/** Calendars of a whole year at most, some of them not known. */
const HOUR = 3_600_000;
const turn = fc
  .record({
    from: fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) }),
    hours: fc.integer({ min: 1, max: 5_000 }),
    who: fc.uniqueArray(fc.constantFrom(...SUBJECTS), { minLength: 1 }),
  })
  .map(
    ({ from, hours, who: named }): Turn => ({
      from,
      until: from + hours * HOUR,
      who: named.map((one): OnCallWord => `principal:${one}`),
    }),
  );
const calendar = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(turn, { maxLength: 4 })
      .map((turns): Calendar => ({ state: "known", turns, from: 0, until: Date.UTC(2028, 0) })),
  },
  { weight: 1, arbitrary: fc.constant<Calendar>({ state: "unknown", because: "no answer" }) },
);
const calendars = fc.record({ one: calendar, two: calendar }).map((all): Calendars => new Map(Object.entries(all)));
const during = fc.option(fc.array(span, { minLength: 1, maxLength: 2 }), { nil: undefined });
const stage = fc.record({ from: people, count: fc.integer({ min: 1, max: 3 }) });
const allowRule = fc.record<AllowRule>({
  effect: fc.constant("allow"),
  name: fc.constant(""),
  requesters: people,
  resources,
  roles,
  maxDuration: fc.constantFrom(60, 600, 3_600),
  approval: fc.option(fc.record({ stages: fc.array(stage, { minLength: 1, maxLength: 2 }) }), { nil: undefined }),
  reason: fc.constantFrom("required", "optional"),
  reasonPattern: fc.option(fc.constantFrom("INC-\\d+", ".*"), { nil: undefined }),
  ticket: fc.constantFrom("required", "optional"),
  ticketPattern: fc.option(fc.constantFrom("[A-Z]+-\\d+"), { nil: undefined }),
  onCall: fc.option(fc.constantFrom("one", "two", "three"), { nil: undefined, freq: 2 }),
  idleTimeout: fc.option(fc.constantFrom(60, 900), { nil: undefined }),
  during,
  pendingFor: fc.constant(60),
  claimWithin: fc.constant(60),
  starts: fc.constant("first_use"),
});
const denyRule = fc.record<DenyRule>({
  effect: fc.constant("deny"),
  name: fc.constant(""),
  requesters: fc.option(people, { nil: undefined }),
  resources,
  roles: fc.option(roles, { nil: undefined }),
  during,
});
const rules = fc
  .array(fc.oneof({ weight: 5, arbitrary: allowRule }, { weight: 1, arbitrary: denyRule }), { maxLength: 8 })
  .map((list) => list.map((rule, index): PolicyRule => ({ ...rule, name: `rule ${index}` })));
const who = fc
  .tuple(fc.constantFrom(...SUBJECTS), fc.subarray(GROUPS))
  .map(([subject, groups]) => person(subject, ...groups));
const ask = fc.record<Ask>({
  resource: fc.constantFrom("db-a", "db-b", "cache", "web"),
  role: fc.constantFrom("read", "write"),
  duration: fc.constantFrom(30, 60, 601, 3_600),
  reason: fc.option(fc.constantFrom("INC-1", "because"), { nil: undefined }),
  ticket: fc.option(fc.constantFrom("INC-1", "none"), { nil: undefined }),
});
const instant = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) });
const question = [rules, who, ask, instant] as const;
const RUNS = { numRuns: 1_000 };

describe("whatever the policy and the question", () => {
  it("what is given is given by a rule that names the principal, the resource and the role, and is long enough", () => {
    fc.assert(
      fc.property(...question, (list, principal, asked, now) => {
        const made = policyOf(...list).decide(principal, asked, now);
        if (made.decision === "refused") return;
        expect(matchesAny(principal, made.rule.requesters)).toBe(true);
        expect(made.rule.resources.some((pattern) => matchesResource(pattern, asked.resource))).toBe(true);
        expect(made.rule.roles).toContain(asked.role);
        expect(asked.duration).toBeLessThanOrEqual(made.rule.maxDuration);
        expect(made.rule.effect).toBe("allow");
      }),
      RUNS,
    );
  });

  it("a deny rule wins, wherever it stands", () => {
    fc.assert(
      fc.property(...question, fc.nat(8), (list, principal, asked, now, place) => {
        const no: DenyRule = { effect: "deny", name: "no", resources: [asked.resource] };
        const denied = policyOf(...list.slice(0, place), no, ...list.slice(place)).decide(principal, asked, now);
        expect(denied).toMatchObject({ decision: "refused", because: "denied" });
      }),
      RUNS,
    );
  });

  it("an allowing rule more never takes anything away, and never makes more people necessary", () => {
    fc.assert(
      fc.property(...question, allowRule, (list, principal, asked, now, more) => {
        const before = policyOf(...list).decide(principal, asked, now);
        const after = policyOf(...list, { ...more, name: "more" }).decide(principal, asked, now);
        if (before.decision === "refused") return;
        if (after.decision === "refused") throw new Error("it was taken away");
        expect(approvalsNeeded(after.rule)).toBeLessThanOrEqual(approvalsNeeded(before.rule));
      }),
      RUNS,
    );
  });

  it("another group of approvers never makes a request need more people, nor refuses it", () => {
    fc.assert(
      fc.property(...question, (list, principal, asked, now) => {
        const wider = list.map((rule): PolicyRule => {
          if (rule.effect === "deny" || rule.approval === undefined) return rule;
          const stages = rule.approval.stages.map((one): typeof one => ({ ...one, from: [...one.from, "group:more"] }));
          return { ...rule, approval: { stages } };
        });
        const before = policyOf(...list).decide(principal, asked, now);
        const after = policyOf(...wider).decide(principal, asked, now);
        if (before.decision === "refused") return;
        if (after.decision === "refused") throw new Error("it was refused");
        expect(approvalsNeeded(after.rule)).toBeLessThanOrEqual(approvalsNeeded(before.rule));
      }),
      RUNS,
    );
  });

  it("the order of the rules changes neither the answer nor how many people it takes", () => {
    fc.assert(
      fc.property(...question, (list, principal, asked, now) => {
        const one = policyOf(...list).decide(principal, asked, now);
        const other = policyOf(...[...list].reverse()).decide(principal, asked, now);
        expect(other.decision).toBe(one.decision);
        if (one.decision !== "refused" && other.decision !== "refused")
          expect(approvalsNeeded(other.rule)).toBe(approvalsNeeded(one.rule));
      }),
      RUNS,
    );
  });

  it("the index answers as a look at every rule does", () => {
    fc.assert(
      fc.property(...question, (list, principal, asked, now) => {
        const related = (rule: PolicyRule) =>
          (rule.requesters === undefined || matchesAny(principal, rule.requesters)) &&
          rule.resources.some((pattern) => matchesResource(pattern, asked.resource)) &&
          (rule.roles === undefined || rule.roles.includes(asked.role));
        // With nothing but the rules that are about this question there is nothing for an index to leave out.
        expect(policyOf(...list).decide(principal, asked, now)).toEqual(
          policyOf(...list.filter(related)).decide(principal, asked, now),
        );
        const names = policyOf(...list)
          .rulesFor(principal, asked.resource, asked.role, now)
          .map(({ rule }) => rule.name);
        expect(names).toEqual(list.filter((rule) => related(rule) && rule.effect === "allow").map((rule) => rule.name));
      }),
      RUNS,
    );
  });

  it("the explanation agrees with the decision", () => {
    fc.assert(
      fc.property(...question, calendars, (list, principal, asked, now, known) => {
        const policy = policyOf(...list).on(known);
        const made = policy.decide(principal, asked, now);
        const told = explain(policy.weigh(principal, asked, now), asked);
        expect(told.decision).toBe(made.decision);
        const verdicts = (verdict: string) =>
          told.rules.filter((one) => one.verdict === verdict).map((one) => one.rule);
        if (made.decision === "refused") {
          expect([...verdicts("decides"), ...(made.because === "denied" ? [] : verdicts("fits"))]).toEqual([]);
          expect(verdicts("denies").length > 0).toBe(made.because === "denied");
        } else {
          expect(verdicts("decides")).toEqual([made.rule.name]);
          expect(verdicts("denies")).toEqual([]);
        }
        // Each rule that does not fit says why, and no other claims to be an obstacle.
        for (const one of told.rules) expect(one.says.length).toBeGreaterThan(0);
      }),
      RUNS,
    );
  });

  it("what would change a refusal does: asking as an offered change says is no longer refused", () => {
    fc.assert(
      fc.property(...question, (list, principal, asked, now) => {
        const policy = policyOf(...list);
        const made = policy.decide(principal, asked, now);
        if (made.decision !== "refused" || made.because === "not_eligible" || made.because === "denied") return;
        const lasting: readonly Obstacle[] = ["outside_hours", "not_on_call", "calendar_unknown", "nobody_can_approve"];
        if (made.obstacles.some((obstacle) => lasting.includes(obstacle))) return;
        const mended: Ask = {
          ...asked,
          duration: Math.min(asked.duration, made.rule.maxDuration),
          reason: made.rule.reason === "required" || asked.reason !== undefined ? "INC-1" : undefined,
          ticket: made.rule.ticket === "required" || asked.ticket !== undefined ? "INC-1" : undefined,
        };
        expect(policy.decide(principal, mended, now).decision).not.toBe("refused");
      }),
      RUNS,
    );
  });

  it("a rule for who is on call gives nothing to anybody else, nor by a calendar that is not known", () => {
    fc.assert(
      fc.property(...question, calendars, (list, principal, asked, now, known) => {
        const policy = policyOf(...list).on(known);
        const made = policy.decide(principal, asked, now);
        if (made.decision !== "refused" && made.rule.onCall !== undefined)
          expect(onCallBy(known, made.rule.onCall, principal, now).state).toBe("on");
        for (const { rule, isOpen } of policy.rulesFor(principal, asked.resource, asked.role, now)) {
          if (rule.onCall !== undefined && isOpen)
            expect(onCallBy(known, rule.onCall, principal, now).state).toBe("on");
        }
        const given = { ...asked, policy: made.decision === "refused" ? "none" : made.rule.name };
        if (made.decision !== "refused") expect(policy.stillHolds(principal, given, now).holds).toBe(true);
        // The explanation says of each such rule how it stands, whichever way.
        for (const one of policy.weigh(principal, asked, now).weighed)
          if (one.rule.effect === "allow" && one.verdict !== "names_others" && one.rule.onCall !== undefined)
            expect("onCall" in one && one.onCall).toEqual(onCallBy(known, one.rule.onCall, principal, now));
      }),
      RUNS,
    );
  });

  it("a person put on call never loses anything, and one who is told their next turn is on call in it", () => {
    fc.assert(
      fc.property(...question, calendars, (list, principal, asked, now, known) => {
        const always: Turn = { from: 0, until: Date.UTC(2028, 0), who: [`principal:${principal.subject}`] };
        const more = new Map(
          [...known].map(([name, one]): [string, Calendar] =>
            one.state === "unknown" ? [name, one] : [name, { ...one, turns: [...one.turns, always] }],
          ),
        );
        const before = policyOf(...list)
          .on(known)
          .decide(principal, asked, now);
        const after = policyOf(...list)
          .on(more)
          .decide(principal, asked, now);
        if (before.decision !== "refused") {
          if (after.decision === "refused") throw new Error("it was taken away");
          expect(approvalsNeeded(after.rule)).toBeLessThanOrEqual(approvalsNeeded(before.rule));
        }
        const off = onCallBy(known, "one", principal, now);
        if (off.state === "off" && off.next !== undefined) {
          expect(onCallBy(known, "one", principal, off.next.from).state).toBe("on");
          expect(onCallBy(known, "one", principal, off.next.until).state).not.toBe("on");
        }
      }),
      RUNS,
    );
  });

  it("an end for idle windows changes no decision, and is said of every rule that has one and gives it", () => {
    fc.assert(
      fc.property(...question, calendars, (list, principal, asked, now, known) => {
        const without = list.map(
          (rule): PolicyRule => (rule.effect === "deny" ? rule : { ...rule, idleTimeout: undefined }),
        );
        const policy = policyOf(...list).on(known);
        const [one, other] = [policy, policyOf(...without).on(known)].map((each) => each.decide(principal, asked, now));
        expect([one?.decision, one && "rule" in one ? one.rule.name : ""]).toEqual([
          other?.decision,
          other && "rule" in other ? other.rule.name : "",
        ]);
        for (const told of explain(policy.weigh(principal, asked, now), asked).rules) {
          const rule = list.find(({ name }) => name === told.rule);
          if (rule?.effect !== "allow" || (told.verdict !== "decides" && told.verdict !== "fits")) continue;
          expect(told.says.some((clause) => clause.endsWith("without use"))).toBe(rule.idleTimeout !== undefined);
        }
      }),
      RUNS,
    );
  });
});
