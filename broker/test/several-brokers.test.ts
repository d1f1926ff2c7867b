import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { LeaseEndReply } from "@phi/shared/contract/lease";
import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBroker as startBrokerHere } from "../src/compose.js";
import { loadConfig } from "../src/config/load.js";
import { createProviders } from "../src/providers/registry.js";
import { approvedRequest, eventually, issue, openSession, type Voice } from "./arena.testing.js";
import { noServer, openSeveralBrokers, type SeveralBrokers, wholeAudit } from "./several-brokers.testing.js";

const LEADS = Array.from({ length: 20 }, (_, index) => ({
  login: `lead${index}`,
  groups: ["db-leads"],
  name: `Lead ${index}`,
  email: `lead${index}@example.test`,
}));

describe.skipIf(noServer !== undefined)("three brokers on one libSQL server", () => {
  let house: SeveralBrokers;
  let tokens: Record<"alice" | "bob" | "carol", string>;
  const alice = (broker: number) => house.voice(tokens.alice, broker);
  const bob = (broker: number) => house.voice(tokens.bob, broker);
  const carol = (broker: number) => house.voice(tokens.carol, broker);

  beforeAll(async () => {
    house = await openSeveralBrokers(3, LEADS);
    const [a, b, c] = await Promise.all([house.signIn("alice", 0), house.signIn("bob", 1), house.signIn("carol", 2)]);
    tokens = { alice: a, bob: b, carol: c };
  });
  afterAll(() => house?.close());

  async function ask(who: Voice): Promise<RequestView> {
    const order = { resource: "db-prod", role: "readonly", duration: 600, reason: "INC-42" };
    const asked = await who.call<RequestView>("POST", "/v1/requests", order);
    expect(asked.status).toBe(201);
    return asked.body;
  }

  /** The log has no gap, and no lease has a step twice. */
  function expectWhole(events: readonly AuditEvent[]): void {
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(new Set(events.map((event) => event.event)).size).toBe(events.length);
    const once = ["lease.planned", "lease.issued", "lease.revoking", "lease.revoked", "lease.overdue"];
    const steps = events.flatMap(({ lease, kind }) => (lease && once.includes(kind) ? [`${lease} ${kind}`] : []));
    expect(steps.filter((step, index) => steps.indexOf(step) !== index)).toEqual([]);
  }

  const proofs = (events: readonly AuditEvent[], leases: readonly string[]) =>
    events.filter((event) => event.kind === "lease.revoked" && leases.includes(event.lease ?? ""));

  it("are one: asked at the first, approved at the second, used through the third, ended at the first", async () => {
    const request = await ask(alice(0));
    const answer = await bob(1).call<RequestView>("POST", `/v1/requests/${request.request}/approvals`, {
      verdict: "approve",
      hash: request.hash,
    });
    expect(answer.body.state).toBe("approved");
    const lease = await issue(alice(2), request);
    const { ended } = await openSession(lease);
    const end = await alice(0).call<LeaseEndReply>("POST", `/v1/leases/${lease.lease}/end`, {
      exitCode: 0,
      because: "command_ended",
    });
    expect(end.body.state).toBe("revoked");
    await ended;
    expect(await house.roles()).toEqual([]);
    expectWhole(await wholeAudit(carol(1)));
  });

  it("tell whoever waits at one of them within a second what was decided at another, 10 of 10 times", async () => {
    for (let round = 0; round < 10; round++) {
      const request = await ask(alice(0));
      const states: string[] = [];
      const answer = await fetch(`${house.broker(0).url}/v1/requests/${request.request}/events`, {
        headers: { authorization: `Bearer ${tokens.alice}` },
      });
      const closed = (async () => {
        for await (const bytes of answer.body ?? [])
          for (const [, data] of Buffer.from(bytes)
            .toString()
            .matchAll(/^data: (.*)$/gm))
            states.push((JSON.parse(data ?? "") as RequestView).state);
      })();
      await eventually("the first event", 2_000, async () => states.length === 1);
      await bob(1).call("POST", `/v1/requests/${request.request}/approvals`, { verdict: "deny" });
      const decided = performance.now();
      await closed;
      expect(performance.now() - decided).toBeLessThan(1_000);
      expect([...new Set(states)]).toEqual(["pending", "denied"]);
    }
  });

  it("count one of twenty approvers that race through all of them, with one event", async () => {
    const leads = await Promise.all(LEADS.map((lead, index) => house.signIn(lead.login, index % 3)));
    const request = await ask(alice(0));
    const replies = await Promise.all(
      leads.map((token, index) =>
        house.voice(token, (index + 1) % 3).call("POST", `/v1/requests/${request.request}/approvals`, {
          verdict: index % 2 === 0 ? "approve" : "deny",
          hash: request.hash,
        }),
      ),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(replies.filter(({ body }) => body?.code === "already_decided")).toHaveLength(19);
    const events = (await wholeAudit(carol(2))).filter((event) => event.request === request.request);
    expect(events.map((event) => event.kind)).toEqual([
      "request.created",
      expect.stringMatching(/^request\.(approved|denied)$/),
    ]);
  });

  it("revoke 300 leases that end at one instant once each, together", async () => {
    const { leases } = await manyLeases(300, 20);
    expect(await house.roles()).toHaveLength(300);
    await eventually("all windows are over and all roles gone", 40_000, async () => (await house.roles()).length === 0);
    const events = await eventually("every lease is proven revoked", 10_000, async () => {
      const all = await wholeAudit(carol(0));
      return proofs(all, leases).length >= 300 && all;
    });
    expect(proofs(events, leases)).toHaveLength(300);
    expectWhole(events);
  }, 120_000);

  it("take over within seconds what a broker that was killed in the middle had begun", async () => {
    const { leases, requests } = await manyLeases(60, 600);
    const victim = house.broker(0);
    // Only the victim's answers from the target are lost: it has claimed what it was asked to end, and never learns what came of it.
    victim.proxy.withholdAnswers();
    const asked = Promise.allSettled(
      requests.map(({ request }) => alice(0).call("POST", `/v1/requests/${request}/end`, {})),
    );
    await eventually("the victim is at work", 30_000, async () => victim.proxy.sent() > 100);
    await victim.kill();
    const killed = Date.now();
    await asked;
    victim.proxy.pass();
    const events = await eventually("the others have proven every lease revoked", 30_000, async () => {
      const all = await wholeAudit(carol(1));
      return proofs(all, leases).length >= 60 && all;
    });
    expect(Date.now() - killed).toBeLessThan(12_000);
    expect(await house.roles()).toEqual([]);
    expect(proofs(events, leases)).toHaveLength(60);
    expectWhole(events);
    await victim.start();
  }, 120_000);

  it("refuse in words while their database is away, revoke nothing twice, and go on when it is back", async () => {
    const request = await approvedRequest(alice(0), bob(0), { duration: 6 });
    const lease = await issue(alice(1), request);
    const { ended } = await openSession(lease);
    await house.sqld.kill();
    const refused = await alice(2).call("POST", "/v1/requests", {
      resource: "db-prod",
      role: "readonly",
      duration: 600,
      reason: "INC-42",
    });
    expect(refused).toMatchObject({ status: 503, body: { code: "store_unavailable" } });
    const read = await alice(1).call("GET", `/v1/requests/${request.request}`);
    expect(read).toMatchObject({ status: 503, body: { code: "store_unavailable" } });
    await house.sqld.restart();
    await eventually(
      "the broker answers again",
      10_000,
      async () => (await alice(2).call("GET", "/v1/me")).status === 200,
    );
    await ended; // late by the outage at most: the window closed meanwhile
    const events = await eventually("the proof", 20_000, async () => {
      const all = await wholeAudit(carol(0));
      return proofs(all, [lease.lease]).length > 0 && all;
    });
    expectWhole(events);
    expect(await house.roles()).toEqual([]);
  }, 90_000);

  it("lose nothing that they acknowledged while each of them is stopped and started in turn", async () => {
    const made: { request: string; lease: string }[] = [];
    let rolling = true;
    const worker = async (first: number) => {
      for (let turn = first; rolling; turn++) {
        const at = turn % 3;
        try {
          const request = await approvedRequest(alice(at), bob((at + 1) % 3));
          const { lease } = await issue(alice(at), request);
          made.push({ request: request.request, lease });
          await alice((at + 2) % 3).call("POST", `/v1/leases/${lease}/end`, { exitCode: 0, because: "command_ended" });
        } catch {
          // That broker is away: the next one is asked.
        }
      }
    };
    const workers = [0, 1, 2].map(worker);
    for (const broker of house.brokers) {
      await broker.stop();
      await broker.start();
    }
    rolling = false;
    await Promise.all(workers);
    expect(made.length).toBeGreaterThan(10);
    // A lease whose end was not heard is revoked by its lost heartbeat, so its turn comes too.
    const events = await eventually("every lease is proven revoked", 60_000, async () => {
      const all = await wholeAudit(carol(1));
      const leases = made.map(({ lease }) => lease);
      return proofs(all, leases).length >= leases.length && all;
    });
    expectWhole(events);
    for (const { request, lease } of made) {
      const kinds = events.filter((event) => event.request === request).map((event) => event.kind);
      expect(kinds).toEqual(expect.arrayContaining(["request.created", "request.approved", "lease.issued"]));
      expect(events.filter((event) => event.lease === lease && event.kind === "lease.issued")).toHaveLength(1);
    }
    await eventually("no role is left", 40_000, async () => (await house.roles()).length === 0);
  }, 150_000);

  it("revoke nothing early when the clock of one of them is a day off, and its times are true", async () => {
    const request = await approvedRequest(alice(0), bob(0));
    const lease = await issue(alice(0), request);
    for (const off of [86_400_000, -86_400_000]) {
      const providers = createProviders();
      const loaded = await loadConfig(house.broker(0).configFile, {
        env: house.broker(0).env,
        kinds: Object.fromEntries(Object.entries(providers).map(([kind, { schema }]) => [kind, schema])),
      });
      const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
      const wrong = await startBrokerHere({
        config: { ...loaded, listen: { host: "127.0.0.1", port: 0 } },
        version: "test",
        providers,
        clock: { now: () => Date.now() + off },
        log: quiet,
      });
      try {
        const here = house.voice(tokens.alice, wrong.url);
        const own = await ask(here);
        expect(Math.abs(Date.parse(own.createdAt) - Date.now())).toBeLessThan(5_000);
        const second = await issue(here, request);
        expect(second.expiresInMs).toBeGreaterThan(590_000 - 60_000);
        await here.call("POST", `/v1/leases/${second.lease}/end`, { exitCode: 0, because: "command_ended" });
        const beat = await here.call<{ state: string }>("POST", `/v1/leases/${lease.lease}/heartbeat`, {});
        expect(beat.body.state).toBe("active");
      } finally {
        await wrong.stop();
      }
    }
    const { ended } = await openSession(lease);
    await alice(1).call("POST", `/v1/requests/${request.request}/end`, {});
    await ended;
  }, 60_000);

  /** Leases under six requests whose windows all close within a moment, issued through all brokers. */
  async function manyLeases(count: number, seconds: number): Promise<{ leases: string[]; requests: RequestView[] }> {
    const requests = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        approvedRequest(alice(index % 3), bob((index + 1) % 3), { duration: seconds }),
      ),
    );
    const leases: string[] = [];
    let next = 0;
    const worker = async () => {
      for (let turn = next++; turn < count; turn = next++) {
        const request = requests[turn % requests.length];
        if (request !== undefined) leases.push((await issue(alice(turn % 3), request)).lease);
      }
    };
    await Promise.all(Array.from({ length: 12 }, worker));
    return { leases, requests };
  }
});
