import { describe, expect, it } from "vitest";
import { type Calendar, calendarsOf, namedOnCall, onCallBy, onCallInWords } from "./on-call.js";
import { person } from "./policy/policy.testing.js";
import { type Principal, selectorsOf } from "./principal.js";

const HOUR = 3_600_000;
const carol: Principal = { ...person("carol"), verifiedEmail: "carol@example.com" };
const primary: Calendar = {
  state: "known",
  from: 0,
  until: 100 * HOUR,
  turns: [
    { from: 10 * HOUR, until: 12 * HOUR, who: ["mailto:carol@example.com"] },
    { from: 12 * HOUR, until: 14 * HOUR, who: ["mailto:carol@example.com", "principal:dan"] },
    { from: 20 * HOUR, until: 22 * HOUR, who: ["mailto:carol@example.com"] },
  ],
};
const calendars = new Map([["primary", primary]]);
const at = (hour: number, who = carol, all: ReadonlyMap<string, Calendar> = calendars) =>
  onCallBy(all, "primary", who, hour * HOUR);

describe("somebody is on call", () => {
  it("from the first instant of their turn to before its last, over turns without a gap", () => {
    expect(at(10)).toMatchObject({ state: "on", from: 10 * HOUR, until: 14 * HOUR });
    expect(at(14 - 1 / HOUR)).toMatchObject({ state: "on" });
    expect(at(14)).toMatchObject({ state: "off", next: { from: 20 * HOUR, until: 22 * HOUR } });
    expect(at(22)).toMatchObject({ state: "off", next: undefined });
  });

  it("by the subject or the verified address alone: a name, a group, or another's address is nothing", () => {
    expect(at(13, person("dan"))).toMatchObject({ state: "on" });
    expect(at(11, { ...person("mallory", "mailto:carol@example.com"), name: "carol@example.com" })).toMatchObject({
      state: "off",
    });
    expect(at(11, person("carol@example.com"))).toMatchObject({ state: "off" });
  });

  it("by no calendar that is too old, not read, outside of what is known, or not there", () => {
    expect(at(100)).toMatchObject({ state: "unknown" });
    expect(at(-1)).toMatchObject({ state: "unknown" });
    const unread = new Map<string, Calendar>([["primary", { state: "unknown", because: "no answer in time" }]]);
    expect(at(11, carol, unread)).toMatchObject({ state: "unknown", because: "no answer in time" });
    expect(at(11, carol, new Map())).toMatchObject({ state: "unknown" });
    expect(namedOnCall(unread, "primary", 11 * HOUR)).toEqual([]);
    expect(calendarsOf(unread, carol, 11 * HOUR)).toEqual([]);
  });
});

it("who is on call has the calendar among their selectors, and nobody else has", () => {
  expect(calendarsOf(calendars, carol, 11 * HOUR)).toEqual(["primary"]);
  expect(calendarsOf(calendars, carol, 15 * HOUR)).toEqual([]);
  expect(selectorsOf({ ...carol, onCall: ["primary"] })).toContain("oncall:primary");
  expect(selectorsOf(person("oncall:primary", "oncall:primary"))).not.toContain("oncall:primary");
});

it("is said in words: until when, who instead, and what is next", () => {
  expect(onCallInWords(at(11))).toBe('on call by "primary" from 1970-01-01 10:00 UTC to 1970-01-01 14:00 UTC');
  expect(onCallInWords(at(13, person("eve")))).toBe(
    'only while on call by "primary", where carol@example.com, dan is on call now',
  );
  expect(onCallInWords(at(15))).toBe(
    'only while on call by "primary", where nobody is on call now; next turn from 1970-01-01 20:00 UTC to 1970-01-01 22:00 UTC',
  );
  expect(onCallInWords(at(200))).toBe(
    'nobody is taken to be on call: the calendar "primary" is not known (its copy was good until 1970-01-05 04:00 UTC)',
  );
});
