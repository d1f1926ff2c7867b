import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { brokerTag } from "./ledger.js";
import { noServer, openServerArena } from "./server.testing.js";
import { sql } from "./sql.js";
import { bob, entry, issuingLease, pendingRequest } from "./store.testing.js";

describe.skipIf(noServer !== undefined)("a ledger on a libSQL server", () => {
  let arena: Awaited<ReturnType<typeof openServerArena>>;
  beforeAll(async () => {
    arena = await openServerArena();
  });
  afterAll(() => arena?.close());
  beforeEach(() => arena.proxy.pass());

  const insert = (request = pendingRequest()) =>
    ({
      guard: { do: "insert_request", request, idempotencyKey: undefined },
      events: [entry("request.created", request)],
    }) as const;

  async function sequence(): Promise<number[]> {
    const { ledger } = await arena.open();
    return (await ledger.audit({ limit: 10_000 })).map((event) => event.seq);
  }

  it("is made once by brokers that start at once, and has one name", async () => {
    const opened = await Promise.all(Array.from({ length: 5 }, () => arena.open()));
    const tags = await Promise.all(opened.map(({ store }) => brokerTag(store, 1)));
    expect(new Set(tags).size).toBe(1);
  });

  it("lets one of thirty racers through three brokers win, with one event", async () => {
    const brokers = await Promise.all([arena.open(), arena.open(), arena.open()]);
    const request = pendingRequest();
    await brokers[0]?.ledger.commit(insert(request));
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        brokers[index % 3]?.ledger.commit({
          guard: {
            do: "advance_request",
            id: request.id,
            from: "pending",
            to: "approved",
            dueAt: null,
            set: { approvedAt: 1, claimUntil: 2 },
          },
          follow: [
            {
              do: "insert_approval",
              approvalsGiven: 0,
              revision: 0,
              approval: {
                requestId: request.id,
                approver: { ...bob, subject: `lead-${index}` },
                verdict: "approve",
                requestHash: undefined,
                reason: undefined,
                at: 1,
              },
            },
          ],
          events: [entry("request.approved", request)],
        }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "moved")).toHaveLength(1);
    const { ledger } = await arena.open();
    expect(await ledger.approvals([request.id])).toHaveLength(1);
    const seen = await ledger.audit({ limit: 100, request: request.id, kinds: ["request.approved"] });
    expect(seen).toHaveLength(1);
  });

  it("records a change once when the answer to its commit is lost, and knows that it did", async () => {
    const { ledger } = await arena.open({ throughProxy: true });
    for (let round = 0; round < 5; round++) {
      const request = pendingRequest();
      await ledger.nextDue(); // so that the connection is there and the batch is all that passes
      arena.proxy.withholdAnswers();
      const outcome = ledger.commit(insert(request));
      const direct = await arena.open();
      while ((await direct.ledger.request(request.id)) === undefined) await new Promise(setImmediate);
      arena.proxy.pass(); // resets the connection: recorded, and the answer is gone
      expect(await outcome).toBe("moved");
      expect(await direct.ledger.audit({ limit: 10, request: request.id })).toHaveLength(1);
    }
    const numbers = await sequence();
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it("knows of a lease's move whose answer was lost that it was its own", async () => {
    const { ledger } = await arena.open({ throughProxy: true });
    const direct = await arena.open();
    const request = pendingRequest({ state: "approved", approvedAt: 1_000, claimUntil: 3_600_000 } as never);
    await ledger.commit(insert(request));
    const { lease, session } = issuingLease(request);
    await ledger.commit({
      guard: { do: "insert_lease", lease, session, at: 2_000, idempotencyKey: undefined },
      events: [entry("lease.planned", request)],
    });
    const move = { to: "revoking", because: "window_over", revokingSince: 5, dueAt: 5 } as const;
    await ledger.commit({
      guard: { do: "advance_lease", advance: { id: lease.id, from: "issuing", epoch: 0, claim: true, move } },
      events: [entry("lease.revoking", request)],
    });
    arena.proxy.withholdAnswers();
    const take = {
      id: lease.id,
      from: "revoking",
      epoch: 1,
      claim: true,
      move: { to: "revoking", dueAt: 99 },
    } as const;
    const outcome = ledger.shift(take);
    while ((await direct.ledger.lease(lease.id))?.epoch !== 2) await new Promise(setImmediate);
    arena.proxy.pass();
    expect(await outcome).toBe("moved");
    expect(await direct.ledger.shift(take)).toBe("lost_race");
  });

  it("takes a change that another breaks a rule in, and refuses that one alone", async () => {
    const { ledger } = await arena.open();
    const twice = pendingRequest();
    const settled = await Promise.allSettled([
      ledger.commit(insert(twice)),
      ledger.commit(insert(twice)),
      ledger.commit(insert()),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({ reason: { code: "store_unavailable", data: { conflict: true } } });
  });

  it("says in words that its database is gone, bounded in time, and goes on when it is back", async () => {
    const { ledger } = await arena.open();
    await arena.sqld.kill();
    const began = performance.now();
    const settled = await Promise.allSettled([
      ledger.commit(insert()),
      ledger.nextDue(),
      ledger.record(entry("broker.started")),
    ]);
    for (const one of settled) expect(one).toMatchObject({ status: "rejected", reason: { code: "store_unavailable" } });
    expect(performance.now() - began).toBeLessThan(15_000);
    const soon = performance.now();
    await expect(ledger.commit(insert())).rejects.toMatchObject({ code: "store_unavailable" });
    expect(performance.now() - soon).toBeLessThan(3_000);

    const waiting = ledger.commit(insert());
    await arena.sqld.restart();
    await waiting.catch(() => undefined);
    expect(await ledger.commit(insert())).toBe("moved");
    const numbers = await sequence();
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it("records a change once when the database stops in the middle of it and goes on after the broker has asked again", async () => {
    const { ledger } = await arena.open();
    const request = pendingRequest();
    arena.sqld.freeze();
    const outcome = ledger.commit(insert(request));
    await new Promise((resolve) => setTimeout(resolve, 5_500)); // one call is given up, and the next one waits behind it: real time has to pass
    arena.sqld.thaw();
    expect(await outcome).toBe("moved");
    expect(await ledger.audit({ limit: 10, request: request.id })).toHaveLength(1);
  });

  it("tells who waits at one broker of what another one changes, within a second", async () => {
    const [here, there] = await Promise.all([arena.open(), arena.open()]);
    const request = pendingRequest();
    await there.ledger.commit(insert(request));
    for (let round = 0; round < 3; round++) {
      let told: () => void = () => undefined;
      const heard = new Promise<void>((resolve) => {
        told = resolve;
      });
      const unsubscribe = here.store.changes.subscribe(request.id, told);
      const began = performance.now();
      await there.ledger.record(entry("approval.refused", request));
      await heard;
      expect(performance.now() - began).toBeLessThan(1_000);
      unsubscribe();
    }
  });

  it("shows a request and its leases as of one instant, while another broker ends them", async () => {
    const [here, there] = await Promise.all([arena.open(), arena.open()]);
    for (let round = 0; round < 8; round++) {
      const request = pendingRequest({ state: "approved", approvedAt: 1_000, claimUntil: 3_600_000 } as never);
      await here.ledger.commit(insert(request));
      const { lease, session } = issuingLease(request);
      await here.ledger.commit({
        guard: { do: "insert_lease", lease, session, at: 2_000, idempotencyKey: undefined },
        events: [entry("lease.planned", request)],
      });
      let isOver = false;
      const end = there.ledger.commit({
        guard: {
          do: "advance_request",
          id: request.id,
          from: "approved",
          to: "ended",
          dueAt: null,
          set: { endedAt: 9, endedBecause: "revoked" },
        },
        follow: [{ do: "revoke_leases_of", requestId: request.id, because: "revoked", since: 9, at: 9 }],
        events: [entry("request.ended", request)],
      });
      while (!isOver) {
        const [seen] = await here.ledger.dossiers([request.id]);
        isOver = seen?.request.state === "ended";
        expect(seen?.leases.map(({ state }) => state)).toEqual([isOver ? "revoking" : "issuing"]);
      }
      expect(await end).toBe("moved");
    }
  });

  it("lets something follow every batch, which sees the whole of it, and holds up nobody who waits for the batch", async () => {
    const seen: number[] = [];
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { ledger } = await arena.open({
      async afterBatch(batch) {
        const [answer] = await batch([sql`select count(*) from audit_events where kind = ${"approval.refused"}`]);
        seen.push(Number(answer?.rows[0]?.[0]));
        await held;
      },
    });
    const before = (await ledger.audit({ limit: 10_000, kinds: ["approval.refused"] })).length;
    await Promise.all(Array.from({ length: 5 }, () => ledger.record(entry("approval.refused"))));
    const next = ledger.record(entry("approval.refused"));
    while (seen.length === 0) await new Promise(setImmediate);
    expect(seen).toEqual([before + 5]);
    goOn();
    await next;
    while (seen.length === 1) await new Promise(setImmediate);
    expect(seen).toEqual([before + 5, before + 6]);
  });

  it("has one clock for brokers whose own are wrong", async () => {
    const [right, late] = await Promise.all([
      arena.open(),
      arena.open({ wall: { now: () => Date.now() - 86_400_000 } }),
    ]);
    expect(Math.abs((right.store.clock?.now() ?? 0) - Date.now())).toBeLessThan(500);
    expect(Math.abs((late.store.clock?.now() ?? 0) - Date.now())).toBeLessThan(500);
    expect(arena.said.join()).toContain("this machine's clock is wrong");
  });
});

it.skipIf(noServer !== undefined)("a database that is not there is said so, with its address", async () => {
  const arena = await openServerArena();
  await arena.sqld.kill();
  await expect(arena.open()).rejects.toMatchObject({
    code: "store_unavailable",
    message: expect.stringContaining(arena.sqld.url),
  });
  await arena.close();
});

it.skipIf(noServer !== undefined)(
  "a database that stays silent is waited for so long and no longer, in words",
  async () => {
    const arena = await openServerArena();
    arena.proxy.blackHole();
    const began = performance.now();
    await expect(arena.open({ throughProxy: true, waitFor: 6_000 })).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("gave no answer for 6 seconds"),
    });
    // Two calls of five seconds: the second one begins within the time.
    expect(performance.now() - began).toBeLessThan(12_000);
    expect(arena.said).toContain("waiting for the database");
    await arena.close();
  },
  30_000,
);

it.skipIf(noServer !== undefined)(
  "a server that checkpoints after commits, and so can stop answering writes, is told of; one that does it by the clock is not",
  async () => {
    for (const checkpointsAfterCommits of [true, false]) {
      const arena = await openServerArena({ checkpointsAfterCommits });
      try {
        await arena.open();
        expect(arena.said.includes("the database server can stop answering writes")).toBe(checkpointsAfterCommits);
      } finally {
        await arena.close();
      }
    }
  },
  60_000,
);
