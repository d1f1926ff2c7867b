import { describe, expect, test } from "vitest";
import { createTally, openWithin, percentile, type RequestRecord, rowKeys } from "./report.js";

const MINUTE = 60_000;
const record = (over: Partial<RequestRecord> = {}): RequestRecord => ({
  person: "alice",
  teams: ["engineering", "on-call"],
  resource: "db-prod",
  role: "readonly",
  state: "ended",
  approvalsNeeded: 1,
  createdAt: 0,
  approvedAt: MINUTE,
  startedAt: 2 * MINUTE,
  expiresAt: 32 * MINUTE,
  endedAt: 12 * MINUTE,
  isRevoked: false,
  approvers: ["bob"],
  overdue: 0,
  ...over,
});
const figures = (...records: RequestRecord[]) => {
  const tally = createTally({ since: 0, until: 100 * MINUTE });
  for (const one of records) tally.add(one);
  return tally.figures();
};

describe("a report", () => {
  test("counts a request by what came of it", () => {
    const over = { approvedAt: undefined, startedAt: undefined, expiresAt: undefined };
    expect(
      figures(
        record(),
        record({ approvalsNeeded: 0, approvedAt: 0, isRevoked: true, overdue: 2 }),
        record({ ...over, state: "denied", endedAt: 3 * MINUTE }),
        record({ ...over, state: "lapsed" }),
        record({ ...over, state: "withdrawn" }),
        record({ state: "lapsed", startedAt: undefined, expiresAt: undefined }),
        record({ state: "ended", startedAt: undefined, expiresAt: undefined }),
        record({ state: "extended", startedAt: undefined, expiresAt: undefined }),
        record({ state: "approved", startedAt: undefined, expiresAt: undefined, endedAt: undefined }),
        record({ ...over, state: "pending", endedAt: undefined }),
      ),
    ).toEqual({
      asked: 10,
      given: 6,
      atOnce: 1,
      denied: 1,
      unanswered: 1,
      withdrawn: 1,
      neverUsed: 2,
      revoked: 1,
      extended: 1,
      overdue: 2,
      openMs: 20 * MINUTE,
      longestMs: 10 * MINUTE,
      answerMedianMs: MINUTE,
      answerP90Ms: 3 * MINUTE,
    });
  });

  test.each([
    ["ended early", {}, 10],
    ["still open", { state: "active", endedAt: undefined, expiresAt: 500 * MINUTE }, 98],
    ["past its end and not yet marked so", { state: "active", endedAt: undefined }, 30],
    ["begun before the span", { startedAt: -50 * MINUTE }, 12],
    ["over before the span", { startedAt: -50 * MINUTE, endedAt: -10 * MINUTE }, 0],
    ["never used", { startedAt: undefined }, 0],
  ] as const)("open time lies within the span and the window: %s", (_, over, minutes) => {
    expect(openWithin(record(over), { since: 0, until: 100 * MINUTE })).toBe(minutes * MINUTE);
  });

  test("names who said yes, the most frequent first", () => {
    const tally = createTally({ since: 0, until: 1 });
    for (const approvers of [["bob"], ["erin", "bob"], ["carol"], ["erin"], ["bob"]]) tally.add(record({ approvers }));
    expect(tally.approvers()).toEqual(["bob", "erin", "carol"]);
  });

  test("counts somebody of two teams in both", () => {
    expect(rowKeys(record(), "team")).toEqual([["engineering"], ["on-call"]]);
    expect(rowKeys(record(), "access")).toEqual([["alice", "db-prod", "readonly"]]);
  });

  test("percentiles are values that were there", () => {
    expect(percentile([], 0.5)).toBeUndefined();
    expect(percentile([7], 0.9)).toBe(7);
    expect(percentile([10, 2, 9, 1, 3, 4, 5, 6, 7, 8], 0.5)).toBe(5);
    expect(percentile([10, 2, 9, 1, 3, 4, 5, 6, 7, 8], 0.9)).toBe(9);
  });
});
