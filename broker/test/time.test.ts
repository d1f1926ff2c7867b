import { ADMIN_URL_VARIABLE } from "@phi/scripts/environment/broker-config";
import type { LeaseReply } from "@phi/shared/contract/lease";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningBroker, startBroker } from "../src/compose.js";
import { loadConfig } from "../src/config/load.js";
import { createProviders, kindSchemas } from "../src/providers/registry.js";
import {
  type Arena,
  approvedRequest,
  auditOf,
  eventually,
  issue,
  openArena,
  openSession,
  type Voice,
} from "./arena.testing.js";

const DAY = 86_400_000;

/** The real broker in this process, so that the wall clock it reads can be stepped; everything else is real. */
let arena: Arena;
let broker: RunningBroker | undefined;
let step = 0;
let alice: Voice;
let bob: Voice;
let carol: Voice;

async function start(): Promise<void> {
  const url = new URL(`postgresql://127.0.0.1:${arena.proxy.port}/orders`);
  url.username = "phi_broker";
  url.password = encodeURIComponent(arena.adminSecret);
  const providers = createProviders();
  const config = await loadConfig(arena.configFile, {
    env: { [ADMIN_URL_VARIABLE]: url.href },
    kinds: kindSchemas(providers),
  });
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  broker = await startBroker({
    config,
    version: "test",
    providers,
    clock: { now: () => Date.now() + step },
    log: quiet,
  });
}
async function stop(): Promise<void> {
  await broker?.stop();
  broker = undefined;
}

beforeAll(async () => {
  arena = await openArena({ config: (text) => text.replace("maxDuration: 4h", "maxDuration: 60d") });
  [alice, bob, carol] = await Promise.all([arena.signIn("alice"), arena.signIn("bob"), arena.signIn("carol")]);
  await arena.broker().stop();
  await start();
});
afterAll(async () => {
  await stop();
  await arena?.close();
});

const stepped = () => auditOf(carol, "&kind=clock.stepped");
async function held(duration: number): Promise<{ lease: LeaseReply; ended: Promise<number>; due: number }> {
  const lease = await issue(alice, await approvedRequest(alice, bob, { duration }), "window");
  const due = Date.now() + lease.expiresInMs;
  await alice.call("POST", `/v1/leases/${lease.lease}/acknowledge`, {});
  return { lease, due, ...(await openSession(lease)) };
}

describe("when the wall clock is stepped while the broker runs", () => {
  it.each([
    ["a day ahead", DAY],
    ["a day back", -DAY],
    ["an hour ahead", 3_600_000],
  ])("%s, nothing is revoked early and nothing late: the target bears witness", async (_name, by) => {
    const long = await held(3_600);
    const short = await held(4);
    const before = (await stepped()).length;
    step = by;
    try {
      const event = await eventually("it is noticed", 10_000, async () => (await stepped())[before]);
      expect(event.data).toMatchObject({ followed: "passed", witnesses: 1 });
      const at = await short.ended;
      expect(at - short.due, "not early").toBeGreaterThanOrEqual(-50);
      expect(at - short.due, "not late").toBeLessThan(1_500);
      let cut = false;
      void long.ended.then(() => {
        cut = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(cut, "the hour is not over").toBe(false);
      const fresh = await held(3);
      const end = await fresh.ended;
      expect(Math.abs(end - fresh.due)).toBeLessThan(1_500);
    } finally {
      step = 0;
    }
    expect((await alice.call("GET", "/v1/me")).status, "people stay signed in").toBe(200);
  });
});

it("a window of weeks is not cut short by a timer that cannot count so far", async () => {
  const { ended } = await held(50 * 86_400);
  const first = await Promise.race([
    ended.then(() => "cut"),
    new Promise((resolve) => setTimeout(() => resolve("alive"), 2_500)),
  ]);
  expect(first).toBe("alive");
});

it("a broker that starts with its wall clock a day ahead revokes nothing early, because every target says otherwise", async () => {
  const { ended } = await held(3_600);
  await stop();
  step = DAY;
  try {
    await start();
    const first = await Promise.race([
      ended.then(() => "cut"),
      new Promise((resolve) => setTimeout(() => resolve("alive"), 2_000)),
    ]);
    expect(first).toBe("alive");
    expect((await stepped()).at(-1)?.data).toMatchObject({ followed: "targets", witnesses: 1 });
    const short = await held(2);
    expect(Math.abs((await short.ended) - short.due)).toBeLessThan(1_500);
  } finally {
    await stop();
    step = 0;
    await start();
  }
});
