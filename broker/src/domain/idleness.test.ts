import { newId } from "@phi/shared/ids";
import { describe, expect, it } from "vitest";
import { idleAt, judgeUse, nextLook, type Watched } from "./idleness.js";
import type { Lease } from "./lease.js";

const MINUTE = 60_000;
/** Began at 0, ends as idle after 15 minutes without use. */
const window: Watched = {
  id: newId("request"),
  requester: { issuer: "https://login", subject: "alice", name: "alice", groups: [] },
  resource: "db-prod",
  role: "readonly",
  duration: 4 * 3_600,
  reason: undefined,
  ticket: undefined,
  policy: "p",
  policyHash: undefined,
  stages: [],
  claimWithin: 60,
  starts: "first_use",
  idleTimeout: 900,
  once: false,
  createdAt: 0,
  pendingUntil: 1,
  revision: 0,
  endComment: undefined,
  state: "active",
  approvedAt: 0,
  claimUntil: 1,
  startedAt: 0,
  expiresAt: 240 * MINUTE,
};
const lease = (createdAt: number, over: { revokedAt?: number } = {}): Lease => {
  const planned = {
    id: newId("lease"),
    requestId: window.id,
    sessionId: newId("session"),
    resource: "db-prod",
    kind: "postgres",
    use: "command",
    handle: {},
    handleText: "phi_x",
    epoch: 0,
    createdAt,
    createBy: createdAt + 30_000,
    expiresAt: window.expiresAt,
  } as const;
  const tried = { attempts: 1, lastError: undefined, overdueSince: undefined };
  return over.revokedAt === undefined
    ? { ...planned, state: "active", aliveUntil: window.expiresAt }
    : { ...planned, ...tried, state: "revoked", because: "command_ended", revokedAt: over.revokedAt };
};

describe("a window that ends when it is idle", () => {
  it("is idle once nothing was done for just so long, and not a moment before", () => {
    const looked = { ...window, lookedAt: 14.5 * MINUTE };
    const idleFor = (at: number) => ({ at, idleFor: at });
    expect(judgeUse(looked, [lease(0)], idleFor(15 * MINUTE - 1)).isIdle).toBe(false);
    expect(judgeUse(looked, [lease(0)], idleFor(15 * MINUTE))).toEqual({ activeAt: 0, isIdle: true });
  });

  it("counts from the newest use of any of its leases, and remembers what a closed session did", () => {
    const looked = { ...window, lookedAt: 14.5 * MINUTE, activeAt: 3 * MINUTE };
    expect(judgeUse(looked, [lease(0)], { at: 15 * MINUTE, idleFor: undefined })).toEqual({
      activeAt: 3 * MINUTE,
      isIdle: false,
    });
    expect(judgeUse(looked, [lease(0), lease(0)], { at: 15 * MINUTE, idleFor: MINUTE }).activeAt).toBe(14 * MINUTE);
  });

  it("is in use when a credential is asked for, before anything can have been done with it", () => {
    const looked = { ...window, lookedAt: 14.5 * MINUTE };
    expect(judgeUse(looked, [lease(0), lease(14.9 * MINUTE)], { at: 15 * MINUTE, idleFor: undefined }).isIdle).toBe(
      false,
    );
  });

  it("is not idle for what nobody saw: after a pause in looking the time counts anew", () => {
    const looked = { ...window, lookedAt: 5 * MINUTE };
    const look = { at: 20 * MINUTE, idleFor: undefined };
    expect(judgeUse(looked, [lease(0)], look)).toEqual({ activeAt: 20 * MINUTE, isIdle: false });
    expect(judgeUse(looked, [lease(0, { revokedAt: 6 * MINUTE })], look).isIdle).toBe(false);
    // Nothing can have been done without a credential.
    expect(judgeUse(looked, [lease(0, { revokedAt: 4 * MINUTE })], look)).toEqual({ activeAt: 0, isIdle: true });
  });

  it("never takes a target's clock for its own: a use in the future is now", () => {
    expect(judgeUse(window, [lease(0)], { at: MINUTE, idleFor: -5_000 }).activeAt).toBe(MINUTE);
  });

  it("is looked at often enough to be seen in use, and when it could be idle, but not without a pause", () => {
    expect(nextLook(window)).toBe(MINUTE);
    expect(nextLook({ ...window, lookedAt: 14.5 * MINUTE, activeAt: 0 })).toBe(idleAt(window));
    expect(nextLook({ ...window, lookedAt: 20 * MINUTE, activeAt: 0 })).toBe(20 * MINUTE + 500);
    expect(nextLook({ ...window, idleTimeout: 3 })).toBe(500);
    expect(nextLook({ ...window, idleTimeout: 86_400 })).toBe(MINUTE);
  });
});
