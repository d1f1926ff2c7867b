import type { HeartbeatReply } from "@phi/shared/contract/lease";
import { PhiError } from "@phi/shared/errors";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keepAlive } from "./keep-alive.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const unreachable = new PhiError("broker_unreachable", "The broker does not answer.");
const active: HeartbeatReply = { state: "active", expiresInMs: 5_000 };

/** Beats every second; `answers` are given in turn, the last one for ever. */
function beating(...answers: (HeartbeatReply | Error)[]) {
  const told: string[] = [];
  let beats = 0;
  const alive = keepAlive(
    async () => {
      const answer = answers[Math.min(beats++, answers.length - 1)] ?? active;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    1_000,
    {
      remaining: (milliseconds) => told.push(`left ${milliseconds}`),
      idle: (milliseconds) => told.push(`idle ${milliseconds}`),
      ended: (because) => told.push(`ended ${because}`),
      silent: () => told.push("silent"),
      heard: () => told.push("heard"),
    },
  );
  return { told, alive, beats: () => beats };
}

describe("the heartbeat of a lease", () => {
  it("comes sooner than it must, and passes on what is left of the window", async () => {
    const { told } = beating(active);
    await vi.advanceTimersByTimeAsync(900);
    expect(told).toEqual(["left 5000"]);
  });

  it("warns once that it ends for want of use, and again when it was used in between", async () => {
    const soon = { ...active, idleEndsInMs: 900 };
    const { told } = beating(soon, soon, active, soon);
    await vi.advanceTimersByTimeAsync(3_600);
    expect(told.filter((line) => line.startsWith("idle"))).toEqual(["idle 900", "idle 900"]);
  });

  it("says once that the broker is silent, goes on trying, and says that it answers again", async () => {
    const { told, beats } = beating(unreachable, unreachable, unreachable, active);
    await vi.advanceTimersByTimeAsync(3_600);
    expect(told).toEqual(["silent", "heard", "left 5000"]);
    expect(beats()).toBe(4);
  });

  it("ends the command when the broker says that the lease is over, or does not know it", async () => {
    const over = beating({ state: "ended", expiresInMs: 0, endedBecause: "revoked: wrong database" });
    const unknown = beating(new PhiError("not_found", "There is no such lease."));
    await vi.advanceTimersByTimeAsync(900);
    expect(over.told).toEqual(["ended revoked: wrong database"]);
    expect(unknown.told).toEqual(["ended unknown"]);
  });

  it("beats at once when asked, never two at a time, and not after it was stopped", async () => {
    const { alive, beats } = beating(active);
    alive.beatNow();
    alive.beatNow();
    expect(beats()).toBe(1);
    await vi.advanceTimersByTimeAsync(0);
    alive.stop();
    alive.beatNow();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(beats()).toBe(1);
  });
});
