import { newId } from "@phi/shared/ids";
import { describe, expect, it } from "vitest";
import { decisionRight } from "./approval.js";
import { isFinal, isUsable, mayMove, type Request, requestDue, windowEnd } from "./request.js";

const alice = { issuer: "https://login", subject: "alice", name: "alice", groups: ["engineering", "db-leads"] };
const bob = { ...alice, subject: "bob", name: "bob" };
const asked = {
  id: newId("request"),
  requester: alice,
  resource: "db-prod",
  role: "readonly",
  duration: 1800,
  reason: undefined,
  ticket: undefined,
  policy: "p",
  policyHash: undefined,
  stages: [{ from: ["group:db-leads"], count: 1 }],
  revision: 0,
  claimWithin: 3600,
  starts: "first_use",
  once: false,
  createdAt: 0,
  pendingUntil: 10_000,
  endComment: undefined,
} as const;
const pending: Request = { ...asked, state: "pending" };
const approved = { ...asked, state: "approved", approvedAt: 1_000, claimUntil: 5_000 } as const;
const active = { ...approved, state: "active", startedAt: 2_000, expiresAt: 4_000 } as const;

describe("a request", () => {
  it("is never decided by its requester, even as a member of the approvers' group", () => {
    expect(decisionRight(pending, [], alice, "approve")).toBe("own_request");
    expect(decisionRight(pending, [], { ...alice, name: "somebody else" }, "approve")).toBe("own_request");
  });

  it("is decided by a named approver and by nobody else", () => {
    expect(decisionRight(pending, [], bob, "approve")).toBe("may_decide");
    expect(decisionRight(pending, [], { ...bob, groups: [] }, "approve")).toBe("not_an_approver");
    expect(decisionRight(pending, [], { ...alice, issuer: "https://other" }, "approve")).toBe("may_decide"); // another issuer's alice is another person
  });

  it("has a clock that starts with its first use and does not move after it", () => {
    expect(windowEnd(approved, 3_000)).toBe(3_000 + 1_800_000);
    expect(windowEnd(active, 3_900)).toBe(4_000);
  });

  it("is usable until the instant, and not at it", () => {
    expect(isUsable(pending, 0)).toBe(false);
    expect(isUsable(approved, 4_999)).toBe(true);
    expect(isUsable(approved, 5_000)).toBe(false);
    expect(isUsable(active, 3_999)).toBe(true);
    expect(isUsable(active, 4_000)).toBe(false);
  });

  it("always has an instant at which the broker acts, until it is over", () => {
    expect(requestDue(pending)).toEqual({ at: 10_000, move: "lapsed" });
    expect(requestDue(approved)).toEqual({ at: 5_000, move: "lapsed" });
    expect(requestDue(active)).toEqual({ at: 4_000, move: "ended" });
    for (const one of [pending, approved, active]) {
      const due = requestDue(one);
      expect(due !== undefined && mayMove(one.state, due.move)).toBe(true);
    }
    expect(requestDue({ ...asked, state: "denied", endedAt: 1 })).toBeUndefined();
    expect(isFinal("denied") && isFinal("ended") && isFinal("lapsed") && isFinal("withdrawn")).toBe(true);
  });
});
