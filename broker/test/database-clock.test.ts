import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningBroker, startBroker } from "../src/compose.js";
import { loadConfig } from "../src/config/load.js";
import { createProviders } from "../src/providers/registry.js";
import { approvedRequest, auditOf, eventually, issue, type Voice } from "./arena.testing.js";
import { type LeapingClock, startLeapingClock } from "./leaping-clock.testing.js";
import { noServer, openSeveralBrokers, type SeveralBrokers } from "./several-brokers.testing.js";

const DAY = 86_400_000;

describe.skipIf(noServer !== undefined)("when the clock of the database leaps a day", () => {
  let house: SeveralBrokers;
  let clock: LeapingClock;
  let broker: RunningBroker;
  let alice: Voice;
  let bob: Voice;
  const logged: string[] = [];

  beforeAll(async () => {
    house = await openSeveralBrokers(1);
    clock = await startLeapingClock(house.sqld.url);
    const providers = createProviders();
    const loaded = await loadConfig(house.broker(0).configFile, {
      env: house.broker(0).env,
      kinds: Object.fromEntries(Object.entries(providers).map(([kind, { schema }]) => [kind, schema])),
    });
    // Only this broker, whose way to the database tells a wrong time, is at work.
    await house.broker(0).stop();
    const write = (message: string) => void logged.push(message);
    broker = await startBroker({
      config: {
        ...loaded,
        listen: { host: "127.0.0.1", port: 0 },
        database: { url: clock.url },
      },
      version: "test",
      providers,
      clock: { now: () => Date.now() },
      log: { info: write, warn: write, error: write },
    });
    const [a, b] = await Promise.all([house.signIn("alice", broker.url), house.signIn("bob", broker.url)]);
    alice = house.voice(a, broker.url);
    bob = house.voice(b, broker.url);
  });
  afterAll(async () => {
    await broker?.stop();
    await clock?.close();
    await house?.close();
  });

  for (const [way, ms] of [
    ["ahead", DAY],
    ["back", -DAY],
  ] as const) {
    it(`${way}, nothing is revoked early, nothing late, and operators are told`, async () => {
      const request = await approvedRequest(alice, bob);
      const lease = await issue(alice, request);
      clock.leap(ms);
      await eventually("the leap is seen", 20_000, async () => clock.told() > 0);

      const beat = await alice.call<{ state: string }>("POST", `/v1/leases/${lease.lease}/heartbeat`, {});
      expect(beat.body.state).toBe("active");
      const short = await approvedRequest(alice, bob, { duration: 2 });
      await issue(alice, short, "window");
      const [proof] = await eventually("the short window's lease is revoked", 15_000, async () => {
        const found = await auditOf(alice, `&kind=lease.revoked&request=${short.request}`);
        return found.length > 0 && found;
      });
      expect(Number(proof?.data.lateMs)).toBeLessThan(1_000);
      const { body } = await alice.call<RequestView>("GET", `/v1/requests/${request.request}`);
      expect(body.state).toBe("active");
      expect(logged).toContain("the database's clock was set and is not followed");

      clock.leap(0);
      await alice.call("POST", `/v1/requests/${request.request}/end`, {});
    }, 60_000);
  }
});
