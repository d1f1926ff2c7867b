import { newId } from "@phi/shared/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Lock, LockTarget } from "../domain/lock.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { Ledger, SignIn } from "../ports/ledger.js";
import { createLocks, createPeople } from "./locks.js";
import { openStore } from "./open.js";
import { noServer, openServerArena } from "./server.testing.js";
import { alice, bob, entry, issuingLease, openTemporaryLedger, pendingRequest } from "./store.testing.js";

const APPROVED = { state: "approved", approvedAt: 1_000, claimUntil: 3_600_000 } as never;
const person = (subject: string): Principal => ({ ...alice, subject, name: subject });

const lockOn = (target: LockTarget, setAt = 3_000): Lock => ({
  id: newId("lock"),
  target,
  reason: "laptop stolen",
  setBy: "root (uid 0)",
  setAt,
});
const onPrincipal = (principal: Principal) => lockOn({ on: "principal", principal });
const onResource = (resource: string) => lockOn({ on: "resource", resource });

const set = (ledger: Ledger, lock: Lock) =>
  ledger.commit({
    guard: { do: "insert_lock", lock },
    follow: [{ do: "end_locked", lock }],
    events: [entry("lock.set")],
  });
const lift = (ledger: Ledger, lock: Lock) =>
  ledger.commit({ guard: { do: "lift_lock", id: lock.id, at: 4_000 }, events: [entry("lock.lifted")] });
async function ask(ledger: Ledger, over: Partial<Request> = {}) {
  const request = pendingRequest(over);
  const outcome = await ledger.commit({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    events: [entry("request.created", request)],
  });
  return { request, outcome };
}
const plan = (ledger: Ledger, request: Request) => {
  const { lease, session } = issuingLease(request);
  const guard = { do: "insert_lease", lease, session, at: 2_000, idempotencyKey: undefined } as const;
  return ledger.commit({ guard, events: [entry("lease.planned", request)] });
};
function signIn(ledger: Ledger, principal: Principal) {
  const made: SignIn = {
    id: newId("sign_in"),
    tokenHash: newId("event"),
    principal,
    host: undefined,
    createdAt: 1_000,
    expiresAt: 9_000_000,
    endedAt: undefined,
  };
  const guard = {
    do: "insert_sign_in",
    signIn: made,
    idTokenHash: newId("event"),
    idTokenExpiresAt: 9_000_000,
  } as const;
  return ledger.commit({ guard, events: [entry("sign_in.created")] }).then((outcome) => ({ outcome, signIn: made }));
}
const approve = (ledger: Ledger, request: Request, approver: Principal) =>
  ledger.commit({
    guard: {
      do: "advance_request",
      id: request.id,
      from: "pending",
      to: "approved",
      dueAt: 5_000,
      require: { approvalsGiven: 0, revision: 0, unlocked: [approver] },
      set: { approvedAt: 2_000, claimUntil: 5_000 },
    },
    events: [entry("request.approved", request)],
  });

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
beforeEach(async () => {
  open = await openTemporaryLedger();
});
afterEach(() => open.close());

/** Lock and lease at the same instant, again and again, either first: what is left of them. */
async function race(rounds: number, lockThrough: Ledger, leaseThrough: Ledger): Promise<Record<string, number>> {
  const came: Record<string, number> = {};
  for (let round = 0; round < rounds; round++) {
    const requester = person(`racer-${round}`);
    const { request } = await ask(leaseThrough, { requester, ...(APPROVED as object) });
    const lock = onPrincipal(requester);
    const [first, second] = round % 2 === 0 ? (["lock", "lease"] as const) : (["lease", "lock"] as const);
    const go = { lock: () => set(lockThrough, lock), lease: () => plan(leaseThrough, request) };
    const moves = { [first]: go[first](), [second]: go[second]() };
    expect(await moves.lock).toBe("moved");
    const issued = await moves.lease;
    const [lease] = await lockThrough.leasesOf([request.id]);
    expect(lease?.state).toBe(issued === "moved" ? "revoking" : undefined);
    expect(await lockThrough.request(request.id)).toMatchObject({ state: "ended", endedBecause: "revoked" });
    expect(await plan(leaseThrough, request)).toBe("lost_race");
    came[issued ?? ""] = (came[issued ?? ""] ?? 0) + 1;
  }
  return came;
}

describe("a lock", () => {
  it("leaves no lease alive that was made at the same instant, 100 times, whichever came first", async () => {
    const came = await race(100, open.ledger, open.ledger);
    expect(came).toEqual({ moved: 50, lost_race: 50 });
  });

  it("on a person ends their requests, leases and sign-ins in one batch, each with an event that names it, and nobody else's", async () => {
    const { ledger } = open;
    const signedIn = await signIn(ledger, alice);
    const { request: pending } = await ask(ledger);
    const { request: approved } = await ask(ledger, { createdAt: 1_500, ...(APPROVED as object) });
    const { request: others } = await ask(ledger, { requester: bob, ...(APPROVED as object) });
    await plan(ledger, approved);
    await plan(ledger, others);
    const lock = onPrincipal(alice);
    expect(await set(ledger, lock)).toBe("moved");

    expect(await ledger.request(pending.id)).toMatchObject({
      state: "withdrawn",
      endComment: "locked by root (uid 0): laptop stolen",
    });
    expect(await ledger.request(approved.id)).toMatchObject({ state: "ended", endedBecause: "revoked" });
    expect(await ledger.request(others.id)).toMatchObject({ state: "approved" });
    const [ended] = await ledger.leasesOf([approved.id]);
    expect(ended?.state).toBe("revoking");
    expect((await ledger.leasesOf([others.id]))[0]?.state).toBe("issuing");
    expect((await ledger.signInByTokenHash(signedIn.signIn.tokenHash))?.endedAt).toBe(3_000);
    const told = (await ledger.audit({ limit: 100 })).filter((event) => event.data.lock === lock.id);
    expect(told.map((event) => [event.kind, event.request])).toEqual([
      ["request.withdrawn", pending.id],
      ["request.ended", approved.id],
      ["lease.revoking", approved.id],
      ["sign_in.ended", undefined],
    ]);
    expect(await createLocks(open.store).endedBy(lock)).toEqual({
      requests: [pending.id, approved.id],
      leases: [ended?.id],
    });
  });

  it("keeps a person from asking, deciding and signing in, until it is lifted", async () => {
    const { ledger } = open;
    const { request } = await ask(ledger, { requester: bob });
    const lock = onPrincipal(alice);
    await set(ledger, lock);
    const all = async () => [
      (await ask(ledger)).outcome,
      (await signIn(ledger, alice)).outcome,
      await approve(ledger, request, alice),
    ];
    expect(await all()).toEqual(["lost_race", "lost_race", "lost_race"]);
    expect((await ledger.audit({ limit: 100 })).map((event) => event.kind)).toEqual(["request.created", "lock.set"]);
    expect(await lift(ledger, lock)).toBe("moved");
    expect(await lift(ledger, lock)).toBe("lost_race");
    expect(await all()).toEqual(["moved", "moved", "moved"]);
  });

  it("on a resource ends everybody's there, and nothing elsewhere", async () => {
    const { ledger } = open;
    const { request: here } = await ask(ledger, APPROVED);
    const { request: elsewhere } = await ask(ledger, { resource: "cache-prod", ...(APPROVED as object) });
    await plan(ledger, here);
    await plan(ledger, elsewhere);
    await set(ledger, onResource("db-prod"));
    expect((await ledger.leasesOf([here.id]))[0]?.state).toBe("revoking");
    expect((await ledger.leasesOf([elsewhere.id]))[0]?.state).toBe("issuing");
    expect((await ask(ledger, { requester: bob })).outcome).toBe("lost_race");
    expect((await ask(ledger, { resource: "cache-prod" })).outcome).toBe("moved");
  });

  it("is one at a time on its target, and survives a restart", async () => {
    expect(await set(open.ledger, onResource("db-prod"))).toBe("moved");
    expect(await set(open.ledger, onResource("db-prod"))).toBe("lost_race");
    await open.store.close();
    const store = await openStore(open.path);
    try {
      const locks = createLocks(store);
      expect((await locks.inForce()).map(({ target }) => target)).toEqual([{ on: "resource", resource: "db-prod" }]);
      expect(await locks.on({ resource: "db-prod", principal: alice })).toMatchObject({ reason: "laptop stolen" });
      expect(await locks.on({ resource: "cache-prod", principal: alice })).toBeUndefined();
    } finally {
      await store.close();
    }
  });
});

describe("people", () => {
  it("are found by subject, or by the name of their newest sign-in, exactly", async () => {
    await signIn(open.ledger, { ...alice, subject: "7", name: "alice" });
    await signIn(open.ledger, { ...alice, subject: "8", name: "alice" });
    await signIn(open.ledger, bob);
    const { called } = createPeople(open.store);
    expect((await called("alice")).map(({ subject }) => subject).sort()).toEqual(["7", "8"]);
    expect(await called("7")).toEqual([{ issuer: alice.issuer, subject: "7", name: "alice" }]);
    expect(await called("Alice")).toEqual([]);
  });
});

describe.skipIf(noServer !== undefined)("a lock through one of two brokers", () => {
  it("leaves no lease alive that the other broker makes at the same instant, 100 times", async () => {
    const arena = await openServerArena();
    try {
      const [one, other] = await Promise.all([arena.open(), arena.open()]);
      const came = await race(100, one.ledger, other.ledger);
      expect((came.moved ?? 0) + (came.lost_race ?? 0)).toBe(100);
    } finally {
      await arena.close();
    }
  }, 120_000);
});
