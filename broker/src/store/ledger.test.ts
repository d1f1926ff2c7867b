import { existsSync, readdirSync, statSync } from "node:fs";
import { newId } from "@phi/shared/ids";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { beginRevocation, CLAIM_FOR, type Issuing, takeOver } from "../domain/lease-moves.js";
import { keepingClaims } from "../operations/keep-claims.js";
import { brokerTag } from "./ledger.js";
import { openStore } from "./open.js";
import { alice, bob, entry, issuingLease, openTemporaryLedger, pendingRequest } from "./store.testing.js";

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
beforeEach(async () => {
  open = await openTemporaryLedger();
});
afterEach(() => open.close());

async function kinds(): Promise<string[]> {
  return (await open.ledger.audit({ limit: 10_000 })).map((event) => event.kind);
}

async function approvedRequest() {
  const request = pendingRequest({ state: "approved", approvedAt: 1_000, claimUntil: 3_600_000 } as never);
  await open.ledger.commit({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    events: [entry("request.created", request)],
  });
  return request;
}

describe("a change", () => {
  it("is written with its event or not at all: ten racers, one winner, one event", async () => {
    const request = pendingRequest();
    await open.ledger.commit({
      guard: { do: "insert_request", request, idempotencyKey: undefined },
      events: [entry("request.created", request)],
    });
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        open.ledger.commit({
          guard: {
            do: "advance_request",
            id: request.id,
            from: "pending",
            to: index % 2 === 0 ? "approved" : "denied",
            dueAt: null,
            set: { approvedAt: 1, claimUntil: 2, endedAt: 3 },
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
          events: [entry(index % 2 === 0 ? "request.approved" : "request.denied", request)],
        }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "moved")).toHaveLength(1);
    expect((await kinds()).filter((kind) => kind !== "request.created")).toHaveLength(1);
    expect(await open.ledger.approvals([request.id])).toHaveLength(1);
  });

  it("that breaks a rule of the database leaves nothing, and does not disturb those committed with it", async () => {
    const first = pendingRequest();
    const second = pendingRequest();
    const twice = { do: "insert_request", request: first, idempotencyKey: undefined } as const;
    const settled = await Promise.allSettled([
      open.ledger.commit({ guard: twice, events: [entry("request.created", first)] }),
      open.ledger.commit({ guard: twice, events: [entry("request.created", first)] }),
      open.ledger.commit({ guard: { ...twice, request: second }, events: [entry("request.created", second)] }),
    ]);
    expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({ reason: { code: "store_unavailable", data: { conflict: true } } });
    expect(await kinds()).toEqual(["request.created", "request.created"]);
  });

  it("numbers events without a gap, whatever failed between them", async () => {
    const request = pendingRequest();
    const insert = {
      guard: { do: "insert_request", request, idempotencyKey: undefined },
      events: [entry("request.created", request)],
    } as const;
    await open.ledger.commit(insert);
    for (let round = 0; round < 5; round++) {
      await open.ledger.commit({ ...insert, events: [entry("request.created", request)] }).catch(() => undefined);
      await open.ledger.record(entry("broker.started"));
    }
    expect((await open.ledger.audit({ limit: 100 })).map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("tells those who wait, after it is durable", async () => {
    const request = pendingRequest();
    let seen = 0;
    open.changes.subscribe(request.id, () => {
      seen += 1;
    });
    await open.ledger.commit({
      guard: { do: "insert_request", request, idempotencyKey: undefined },
      events: [entry("request.created", request)],
    });
    expect(seen).toBe(1);
  });
});

describe("a lease", () => {
  it("cannot be planned under a request that is not usable any more", async () => {
    const request = pendingRequest();
    await open.ledger.commit({
      guard: { do: "insert_request", request, idempotencyKey: undefined },
      events: [entry("request.created", request)],
    });
    const { lease, session } = issuingLease(request);
    const guard = { do: "insert_lease", lease, session, at: 2_000, idempotencyKey: undefined } as const;
    expect(await open.ledger.commit({ guard, events: [entry("lease.planned", request)] })).toBe("lost_race");
    expect(await open.ledger.leasesOf([request.id])).toEqual([]);
    expect(await kinds()).toEqual(["request.created"]);
  });

  it("comes back as it was written, and moves only from the state and epoch its mover saw", async () => {
    const request = await approvedRequest();
    const { lease, session } = issuingLease(request);
    await open.ledger.commit({
      guard: { do: "insert_lease", lease, session, at: 2_000, idempotencyKey: "k" },
      events: [entry("lease.planned", request)],
    });
    expect(await open.ledger.lease(lease.id)).toEqual(lease);
    const move = { to: "revoking", because: "window_over", revokingSince: 5, dueAt: 5 } as const;
    const advance = { id: lease.id, from: "issuing", epoch: 0, claim: true, move } as const;
    const guard = { do: "advance_lease", advance } as const;
    expect(await open.ledger.commit({ guard, events: [entry("lease.revoking", request)] })).toBe("moved");
    expect(await open.ledger.commit({ guard, events: [entry("lease.revoking", request)] })).toBe("lost_race");
    const later = { id: lease.id, from: "revoking", claim: true, move: { to: "revoking", dueAt: 9 } } as const;
    expect(await open.ledger.shift({ ...later, epoch: 0 })).toBe("lost_race");
    expect(await open.ledger.shift({ ...later, epoch: 1 })).toBe("moved");
    expect(await open.ledger.lease(lease.id)).toMatchObject({ state: "revoking", epoch: 2, nextAttempt: 9 });
  });

  it("stays with its worker while the claim is renewed, and not once somebody else has taken it over", async () => {
    const request = await approvedRequest();
    const { lease, session } = issuingLease(request);
    await open.ledger.commit({
      guard: { do: "insert_lease", lease, session, at: 2_000, idempotencyKey: undefined },
      events: [entry("lease.planned", request)],
    });
    const begun = beginRevocation(lease as Issuing, "issue_failed", { now: 3_000 });
    await open.ledger.commit({
      guard: { do: "advance_lease", advance: begun },
      events: [entry("lease.revoking", request)],
    });
    const mine = begun.claimed;
    await keepingClaims({ ledger: open.ledger, clock: { now: () => 90_000 } }, [mine], () =>
      vi.waitFor(async () => expect(await open.ledger.nextDue()).toBe(90_000 + CLAIM_FOR), { timeout: CLAIM_FOR }),
    );
    expect(await open.ledger.shift(takeOver(mine, 200_000))).toBe("moved");
    await open.ledger.renewClaims([mine], 999_999);
    expect(await open.ledger.nextDue()).toBe(200_000 + CLAIM_FOR);
  });

  it("of a request that ends begins its revocation in the same write, each with one event", async () => {
    const request = await approvedRequest();
    const planned = [issuingLease(request), issuingLease(request), issuingLease(request)];
    for (const { lease, session } of planned) {
      await open.ledger.commit({
        guard: { do: "insert_lease", lease, session, at: 2_000, idempotencyKey: undefined },
        events: [entry("lease.planned", request)],
      });
    }
    await open.ledger.commit({
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
    const leases = await open.ledger.leasesOf([request.id]);
    expect(leases.map((lease) => lease.state)).toEqual(["revoking", "revoking", "revoking"]);
    const events = await open.ledger.audit({ limit: 100, kinds: ["lease.revoking"] });
    expect(events).toHaveLength(3);
    expect(new Set(events.map((event) => event.lease))).toEqual(new Set(leases.map((lease) => lease.id)));
    expect(events[0]).toMatchObject({
      data: { because: "revoked", handle: "phi_abc" },
      event: expect.stringMatching(/^evt_[0-9a-f]{16}$/),
    });
    expect(await open.ledger.dueLeases(9, 10, [])).toHaveLength(3);
    expect(await open.ledger.dueLeases(9, 10, ["db-prod"])).toEqual([]);
    expect(await open.ledger.nextDue()).toBe(9);
  });
});

describe("looking up", () => {
  it("finds requests by the beginning of their id, and no others", async () => {
    const [one, another] = [pendingRequest(), pendingRequest()];
    for (const request of [one, another]) {
      await open.ledger.commit({
        guard: { do: "insert_request", request, idempotencyKey: undefined },
        events: [entry("request.created", request)],
      });
    }
    const found = async (prefix: string) => (await open.ledger.requestsByPrefix(prefix)).map(({ id }) => id);
    expect(new Set(await found("req_"))).toEqual(new Set([one.id, another.id]));
    expect(await found(one.id.slice(0, 14))).toEqual([one.id]);
    expect(await found(one.id)).toEqual([one.id]);
    expect(await found(`${one.id}0`)).toEqual([]);
  });

  it("shows requests newest first, and page by page each of them once, also those of one instant", async () => {
    const all = Array.from({ length: 7 }, (_, index) => pendingRequest({ createdAt: 1_000 + Math.floor(index / 3) }));
    for (const request of all) {
      await open.ledger.commit({
        guard: { do: "insert_request", request, idempotencyKey: undefined },
        events: [entry("request.created", request)],
      });
    }
    const wanted = [...all].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
    const seen: string[] = [];
    for (;;) {
      const before = seen.at(-1) as (typeof wanted)[number] | undefined;
      const page = await open.ledger.requests({ requester: alice, states: ["pending"], before, limit: 2 });
      if (page.length === 0) break;
      seen.push(...page.map(({ id }) => id));
    }
    expect(seen).toEqual(wanted);
    expect(await open.ledger.requests({ requester: alice, states: ["active"], limit: 9 })).toEqual([]);
    expect(await open.ledger.requests({ before: newId("request"), limit: 9 })).toHaveLength(7);
  });

  it("shows an approver what names them, and never their own requests", async () => {
    const theirs = pendingRequest();
    const own = pendingRequest({ requester: { ...bob } });
    const other = pendingRequest({ stages: [{ from: ["group:db-leads-of-another-team"], count: 1 }] });
    for (const request of [theirs, own, other]) {
      await open.ledger.commit({
        guard: { do: "insert_request", request, idempotencyKey: undefined },
        events: [entry("request.created", request)],
      });
    }
    const found = await open.ledger.requests({ approvableBy: bob, limit: 10 });
    expect(found.map((request) => request.id)).toEqual([theirs.id]);
    expect(await open.ledger.requests({ requester: alice, limit: 10 })).toHaveLength(2);
  });

  it("shows a principal the events of their own acts and requests only", async () => {
    const request = pendingRequest();
    await open.ledger.commit({
      guard: { do: "insert_request", request, idempotencyKey: undefined },
      events: [{ ...entry("request.created", request), actor: alice }],
    });
    await open.ledger.record(
      { ...entry("request.approved", request), actor: bob },
      { ...entry("sign_in.created"), actor: bob },
      entry("broker.started"),
    );
    expect((await open.ledger.audit({ limit: 10, visibleTo: alice })).map((event) => event.kind)).toEqual([
      "request.created",
      "request.approved",
    ]);
    expect(
      (await open.ledger.audit({ limit: 10, visibleTo: { ...alice, issuer: "https://other" } })).map(
        (event) => event.kind,
      ),
    ).toEqual([]);
  });
});

describe("the file", () => {
  it("is readable by its owner only, and so are the files beside it", async () => {
    await open.ledger.record(entry("broker.started"));
    for (const path of [open.path, `${open.path}-wal`, `${open.path}-shm`, `${open.path}.lock`]) {
      if (existsSync(path)) expect(statSync(path).mode & 0o077, path).toBe(0);
    }
  });

  it("is held: a second broker refuses to start and says who has it", async () => {
    await expect(openStore(open.path)).rejects.toMatchObject({
      code: "already_running",
      message: expect.stringContaining(String(process.pid)),
    });
  });

  it("is the one that is named, whatever signs its name has", async () => {
    const odd = await openTemporaryLedger({ name: "50%20 of?them#.db" });
    try {
      await odd.ledger.record(entry("broker.started"));
      expect(readdirSync(odd.folder).filter((name) => !name.startsWith("50%20 of?them#.db"))).toEqual([]);
      expect((await odd.ledger.audit({ limit: 10 })).map((event) => event.kind)).toEqual(["broker.started"]);
    } finally {
      await odd.close();
    }
  });

  it("keeps one name for life", async () => {
    const tag = await brokerTag(open.store, 1);
    expect(tag).toMatch(/^[0-9a-hjkmnp-tv-z]{6}$/);
    expect(await brokerTag(open.store, 2)).toBe(tag);
  });
});
