import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Voice } from "./arena.testing.js";
import { noServer, openSeveralBrokers, type SeveralBrokers, wholeAudit } from "./several-brokers.testing.js";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.testing.js";

/** Silent for so long, in ms, beyond the first call that came to nothing. */
const SILENCE = 1_000;
/** From the database's return until a broker is ready, in ms: a call under way, a pause, and the start itself. */
const READY_WITHIN = 8_000;

describe.skipIf(noServer !== undefined)("a broker that is started while its database", () => {
  let house: SeveralBrokers;
  let network: TcpProxy;
  let alice: Voice;
  let carol: Voice;

  beforeAll(async () => {
    const server = { host: "127.0.0.1", port: 0 };
    network = await startTcpProxy(server);
    house = await openSeveralBrokers(2, [], (config) =>
      config.replace(/^database: http:\/\/127\.0\.0\.1:(\d+)/m, (_, port: string) => {
        server.port = Number(port);
        return `database: http://127.0.0.1:${network.port}`;
      }),
    );
    alice = house.voice(await house.signIn("alice", 0), 0);
    carol = house.voice(await house.signIn("carol", 0), 1);
  });
  afterAll(async () => {
    await house?.close();
    await network?.close();
  });

  /** Starts the second broker, which finds what `begin` made of its database, and gives how long after `end` it was ready. */
  async function startThrough(begin: () => void, end: () => void | Promise<void>): Promise<number> {
    const second = house.broker(1);
    await second.stop();
    const before = second.said().length;
    begin();
    let returned = Number.POSITIVE_INFINITY;
    const ready = second.start().then(() => performance.now());
    await eventually("it says what it waits for", 15_000, async () =>
      second.said().slice(before).includes("waiting for the database"),
    );
    await sleep(SILENCE);
    returned = performance.now();
    await end();
    return (await ready) - returned;
  }

  it("is frozen says so, and is ready soon after it goes on", async () => {
    expect(await startThrough(house.sqld.freeze, house.sqld.thaw)).toBeLessThan(READY_WITHIN);
  }, 60_000);

  it("is behind half-open connections says so, and is ready soon after the network is back", async () => {
    expect(await startThrough(network.blackHole, network.pass)).toBeLessThan(READY_WITHIN);
  }, 60_000);

  it("takes what is asked and loses its answers is ready soon after, and its start is on record once", async () => {
    const count = async () => (await wholeAudit(carol)).filter(({ kind }) => kind === "broker.started").length;
    const before = await count();
    expect(await startThrough(network.withholdAnswers, network.pass)).toBeLessThan(READY_WITHIN);
    expect(await count()).toBe(before + 1);
  }, 60_000);

  it("is down says so, and is ready soon after it is up", async () => {
    await house.sqld.kill();
    const restart = async () => {
      await house.sqld.restart();
    };
    expect(await startThrough(() => undefined, restart)).toBeLessThan(READY_WITHIN);
  }, 60_000);

  it("is written to without a pause by others is ready although the log never ends", async () => {
    const second = house.broker(1);
    await second.kill();
    let writing = true;
    let written = 0;
    const writers = Array.from({ length: 12 }, async () => {
      while (writing) {
        const order = { resource: "db-prod", role: "readonly", duration: 600, reason: "INC-42" };
        const { status } = await alice.call("POST", "/v1/requests", order);
        if (status === 201) written += 1;
      }
    });
    await eventually("they write", 10_000, async () => written > 50);
    const before = written;
    await second.start(); // within half a minute, or it rejects
    expect(written, "others wrote meanwhile").toBeGreaterThan(before + 20);
    writing = false;
    await Promise.all(writers);
    const numbers = (await wholeAudit(carol)).map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  }, 90_000);
});

describe.skipIf(noServer !== undefined)("brokers whose database stops for twelve seconds", () => {
  let house: SeveralBrokers;
  beforeAll(async () => {
    house = await openSeveralBrokers(2);
  });
  afterAll(() => house?.close());

  it("refuse meanwhile within a bounded time, and are ready and answer at once when it goes on", async () => {
    const token = await house.signIn("alice", 0);
    house.sqld.freeze();
    const end = performance.now() + 12_000;
    const waits: number[] = [];
    while (performance.now() < end) {
      const began = performance.now();
      const order = { resource: "db-prod", role: "readonly", duration: 600, reason: "INC-42" };
      const { status } = await house.voice(token, 1).call("POST", "/v1/requests", order);
      expect(status).toBe(503);
      waits.push(performance.now() - began);
    }
    house.sqld.thaw();
    const thawed = performance.now();
    for (const broker of house.brokers)
      await eventually("it is ready", 10_000, async () => (await fetch(`${broker.url}/readyz`)).status === 200);
    await eventually(
      "it answers",
      10_000,
      async () => (await house.voice(token, 1).call("GET", "/v1/me")).status === 200,
    );
    expect(performance.now() - thawed).toBeLessThan(6_000);
    expect(Math.max(...waits)).toBeLessThan(20_000);
  }, 60_000);
});
