import { newId } from "@phi/shared/ids";
import { describe, expect, it } from "vitest";
import { aliveUntil, dueReason, type Lease, leaseDue, SILENCE_ALLOWED } from "./lease.js";

const planned = {
  id: newId("lease"),
  requestId: newId("request"),
  sessionId: newId("session"),
  resource: "db-prod",
  kind: "postgres",
  use: "command",
  handle: {},
  handleText: "phi_x",
  epoch: 0,
  createdAt: 0,
  createBy: 30_000,
  expiresAt: 1_800_000,
} as const;
const issuing: Lease = { ...planned, state: "issuing" };
const active = { ...planned, state: "active", aliveUntil: 40_000 } as const;
const attempts = { attempts: 3, lastError: undefined, overdueSince: undefined };

describe("a lease", () => {
  it("is due in every state in which its credential may exist, and in no other", () => {
    expect(leaseDue(issuing)).toBe(30_000);
    expect(leaseDue(active)).toBe(40_000);
    expect(leaseDue({ ...active, aliveUntil: 9e9 })).toBe(1_800_000);
    expect(
      leaseDue({
        ...planned,
        ...attempts,
        state: "revoking",
        because: "window_over",
        revokingSince: 1,
        nextAttempt: 7,
      }),
    ).toBe(7);
    expect(
      leaseDue({ ...planned, ...attempts, state: "revoked", because: "window_over", revokedAt: 1 }),
    ).toBeUndefined();
  });

  it("ends with its window however short the window is", () => {
    expect(leaseDue({ ...issuing, expiresAt: 5_000 })).toBe(5_000);
    expect(dueReason({ ...issuing, expiresAt: 5_000 }, 5_000)).toBe("window_over");
  });

  it("tells a lost issue, a lost heartbeat and a secret that nobody acknowledged apart", () => {
    expect(dueReason(issuing, 30_000)).toBe("issue_failed");
    expect(dueReason(active, 40_000)).toBe("heartbeat_lost");
    expect(dueReason({ ...active, use: "window" }, 40_000)).toBe("not_acknowledged");
    expect(dueReason(active, 1_800_000)).toBe("window_over");
  });

  it("lives on by heartbeats, or once acknowledged until the window closes", () => {
    expect(aliveUntil("command", true, 1_800_000, 1_000)).toBe(1_000 + SILENCE_ALLOWED);
    expect(aliveUntil("window", false, 1_800_000, 1_000)).toBe(1_000 + SILENCE_ALLOWED);
    expect(aliveUntil("window", true, 1_800_000, 1_000)).toBe(1_800_000);
  });
});
