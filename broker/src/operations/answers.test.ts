import { newId, type RequestId } from "@phi/shared/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashOf } from "../domain/approve.js";
import type { Caller } from "../domain/caller.js";
import { NO_CALENDARS } from "../domain/on-call.js";
import { allow, deny, person, policyOf } from "../domain/policy/policy.testing.js";
import type { PolicyRule } from "../domain/policy/rule.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import { createDelegations } from "../store/delegations.js";
import { createLocks } from "../store/locks.js";
import { entry, openTemporaryLedger, pendingRequest } from "../store/store.testing.js";
import { createAcceptOffer } from "./accept-offer.js";
import { createAssertMayAnswer } from "./answer-rights.js";
import { createCloseRequest } from "./close-request.js";
import { createDecideRequest } from "./decide-request.js";
import { createDossiers } from "./dossier.js";
import { createMakeOffer } from "./make-offer.js";
import { createTermsOfOffer } from "./offer-terms.js";

/** The real operations on the real store; the policy and the clock are the test's. */
const ROUNDS = 100;
const rule = allow({
  name: "engineers read production",
  resources: ["db-*"],
  roles: ["readonly", "readwrite"],
  maxDuration: 7_200,
});
const alice = person("alice", "engineering");
const leads = Array.from({ length: 4 }, (_, index) => person(`lead${index}`, "db-leads"));
const [lea, lou] = leads as [Principal, Principal];

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
let rules: PolicyRule[];
let now: number;
beforeEach(async () => {
  open = await openTemporaryLedger();
  rules = [rule];
  now = 10_000;
});
afterEach(() => open.close());

function house() {
  const { ledger } = open;
  const clock = { now: () => now };
  const roles = new Map([
    ["readonly", {}],
    ["readwrite", {}],
  ]);
  const resource = { name: "db-prod", kind: "postgres", config: {}, roles };
  const catalogue = {
    policy: () => policyOf(...rules),
    calendars: () => NO_CALENDARS,
    resources: [resource],
    resource: () => resource,
    provider: () => undefined,
  };
  const locks = createLocks(open.store);
  const dossiers = createDossiers({ ledger, delegations: createDelegations(open.store), clock });
  const assertMayAnswer = createAssertMayAnswer({ ledger, catalogue, clock });
  const termsOfOffer = createTermsOfOffer({ ledger, catalogue, clock });
  const decide = createDecideRequest({
    ledger,
    dossiers,
    locks,
    clock,
    assertMayAnswer,
    policyHash: () => "0".repeat(64),
  });
  const close = createCloseRequest({
    ledger,
    dossiers,
    clock,
    revokeLeases: { ofRequest: async () => undefined, now: async () => undefined } as never,
  });
  return {
    answer: (who: Principal, request: Request, verdict: "approve" | "deny" = "approve") =>
      decide(caller(who), request.id, { verdict, hash: hashOf(request) }),
    withdraw: (request: Request) => close(caller(alice), request.id, "withdraw", {}),
    offer: (who: Principal, request: Request, less: { role?: string; duration?: number }) =>
      createMakeOffer({ ledger, dossiers, locks, clock, assertMayAnswer, termsOfOffer })(caller(who), request.id, {
        ...less,
        hash: hashOf(request),
      }),
    accept: (request: Request, taken: { role: string; duration: number }) =>
      createAcceptOffer({ ledger, dossiers, locks, clock, termsOfOffer })(caller(alice), request.id, taken),
    /** What the loop does when nobody answered in time. */
    lapse: (request: Request) =>
      ledger.commit({
        guard: {
          do: "advance_request",
          id: request.id,
          from: "pending",
          to: "lapsed",
          dueAt: null,
          set: { endedAt: now },
        },
        events: [entry("request.lapsed", request)],
      }),
  };
}

const caller = (principal: Principal): Caller => ({
  principal,
  signIn: newId("sign_in"),
  signInExpiresAt: Number.POSITIVE_INFINITY,
  isAdmin: false,
  mayAudit: false,
});

async function asked(over: Partial<Request> = {}): Promise<Request> {
  const request = pendingRequest({ requester: alice, createdAt: 1_000, ...over });
  await open.ledger.commit({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    events: [entry("request.created", request)],
  });
  return request;
}

const kinds = async (id: RequestId) =>
  (await open.ledger.audit({ limit: 1_000, request: id }))
    .map((event) => event.kind)
    .filter((kind) => kind !== "request.created");
const reload = async ({ id }: Request): Promise<Request> => {
  const request = await open.ledger.request(id);
  if (request === undefined) throw new Error("it is gone");
  return request;
};

describe("of two who act on a request at the same instant, one wins, with one event, 100 of 100 times:", () => {
  type House = ReturnType<typeof house>;
  const RACES: [string, ((h: House, request: Request) => Promise<unknown>)[]][] = [
    ["approve and approve", [(h, request) => h.answer(lea, request), (h, request) => h.answer(lou, request)]],
    ["approve and deny", [(h, request) => h.answer(lea, request), (h, request) => h.answer(lou, request, "deny")]],
    ["approve and withdraw", [(h, request) => h.answer(lea, request), (h, request) => h.withdraw(request)]],
    ["approve and lapse", [(h, request) => h.answer(lea, request), (h, request) => h.lapse(request)]],
  ];
  it.each(RACES)("%s", async (_what, racers) => {
    const there = house();
    const states = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const request = await asked();
      const order = round % 2 === 0 ? racers : [...racers].reverse();
      const settled = await together(
        round,
        order.map((race) => () => race(there, request)),
      );
      const moved = settled.filter((one) => one.status === "fulfilled" && one.value !== "lost_race");
      expect(moved).toHaveLength(1);
      const { state } = await reload(request);
      states.add(state);
      const events = await kinds(request.id);
      expect(events).toEqual([`request.${state}`]);
      const answers = await open.ledger.approvals([request.id]);
      expect(answers).toHaveLength(state === "approved" || state === "denied" ? 1 : 0);
    }
    // Each of them wins at some time: they do race.
    expect(states.size).toBe(racers === RACES[0]?.[1] ? 1 : 2);
  });

  it("a yes to the whole and the acceptance of less", async () => {
    const there = house();
    const durations = new Set<number>();
    for (let round = 0; round < ROUNDS; round++) {
      const request = await asked();
      await there.offer(lou, request, { duration: 600 });
      const both = [() => there.answer(lea, request), () => there.accept(request, { role: "readonly", duration: 600 })];
      const settled = await together(round, round % 2 === 0 ? both : both.reverse());
      expect(settled.filter((one) => one.status === "fulfilled")).toHaveLength(1);
      const after = await reload(request);
      durations.add(after.duration);
      expect(after.state).toBe("approved");
      const [answer, another] = await open.ledger.approvals([request.id]);
      expect([answer?.approver.subject, another]).toEqual([after.duration === 600 ? "lead1" : "lead0", undefined]);
      expect(answer?.requestHash).toBe(hashOf({ ...after, state: "pending" } as Request));
    }
    expect(durations).toEqual(new Set([600, 1_800]));
  });
});

describe("a yes", () => {
  it("is to what was shown: without its hash, or with another, it is refused and nothing is counted", async () => {
    const there = house();
    const request = await asked();
    const other = { ...request, duration: 3_600 };
    await expect(there.answer(lea, other)).rejects.toMatchObject({ code: "not_as_seen", status: 409 });
    await there.offer(lou, request, { role: "readwrite", duration: 600 });
    await there.accept(request, { role: "readwrite", duration: 600 }).catch(() => undefined);
    await expect(there.answer(lea, request)).rejects.toMatchObject({ status: 409 });
    expect(await open.ledger.approvals([request.id])).toHaveLength(1);
  });

  it("needs the requester to be entitled still, by the groups of their newest sign-in and the policy of now; a no does not", async () => {
    const there = house();
    const [request, another] = [await asked(), await asked()];
    await signInAs({ ...alice, groups: [] });
    await expect(there.answer(lea, request)).rejects.toMatchObject({ code: "refused_by_policy" });
    expect(await kinds(request.id)).toEqual(["approval.refused"]);
    expect((await there.answer(lea, request, "deny")).request.state).toBe("denied");
    await signInAs(alice);
    rules = [rule, deny({})];
    await expect(there.answer(lea, another)).rejects.toMatchObject({ code: "refused_by_policy" });
    rules = [rule];
    expect((await there.answer(lea, another)).request.state).toBe("approved");
  });

  it("fills the stages in turn, and nobody fills two places", async () => {
    const there = house();
    const both = person("both", "db-leads", "security");
    const sam = person("sam", "security");
    const request = await asked({
      stages: [
        { from: ["group:db-leads"], count: 1 },
        { from: ["group:security"], count: 1 },
      ],
    });
    expect(await reload(request)).toEqual(request);
    await expect(there.answer(sam, request)).rejects.toMatchObject({
      code: "wrong_state",
      message: expect.stringContaining("group:db-leads"),
    });
    expect((await there.answer(both, request)).request.state).toBe("pending");
    await expect(there.answer(both, request)).rejects.toMatchObject({ code: "already_decided" });
    expect((await there.answer(sam, request)).request.state).toBe("approved");
    expect(await kinds(request.id)).toEqual(["approval.given", "request.approved"]);
  });
});

describe("an offer", () => {
  it("that is accepted makes the request the smaller one, with its maker's yes; both are on record", async () => {
    const there = house();
    const request = await asked({ role: "readwrite" });
    const offered = await there.offer(lea, request, { role: "readonly", duration: 900 });
    expect(offered.request).toMatchObject({
      state: "pending",
      role: "readwrite",
      duration: 1_800,
      offer: { role: "readonly", duration: 900 },
    });
    const accepted = await there.accept(request, { role: "readonly", duration: 900 });
    expect(accepted.request).toMatchObject({
      state: "approved",
      role: "readonly",
      duration: 900,
      policy: "engineers read production",
    });
    expect(accepted.approvals).toMatchObject([{ approver: { subject: "lead0" }, verdict: "approve" }]);
    expect(await kinds(request.id)).toEqual(["offer.made", "offer.accepted", "request.approved"]);
  });

  it("of something that needs more people waits for the others as the smaller one", async () => {
    const there = house();
    rules = [allow({ ...rule, approval: { stages: [{ from: ["group:db-leads"], count: 2 }] } })];
    const request = await asked({ stages: [{ from: ["group:db-leads"], count: 2 }] });
    await there.offer(lea, request, { duration: 900 });
    const accepted = await there.accept(request, { role: "readonly", duration: 900 });
    expect(accepted.request).toMatchObject({ state: "pending", duration: 900 });
    expect(accepted.request).not.toHaveProperty("offer");
    await expect(there.answer(lea, accepted.request)).rejects.toMatchObject({ code: "already_decided" });
    await expect(there.answer(lou, request)).rejects.toMatchObject({ code: "not_as_seen" });
    expect((await there.answer(lou, accepted.request)).request).toMatchObject({ state: "approved", duration: 900 });
  });

  it("is for less, is its maker's to give, and is made before anybody said yes", async () => {
    const there = house();
    const request = await asked();
    for (const [less, code] of [
      [{ duration: 3_600 }, "invalid_input"],
      [{}, "invalid_input"],
      [{ duration: 1_800 }, "invalid_input"],
      [{ role: "owner" }, "role_unknown"],
    ] as const)
      await expect(there.offer(lea, request, less), JSON.stringify(less)).rejects.toMatchObject({ code });
    await expect(there.offer(alice, request, { duration: 60 })).rejects.toMatchObject({ code: "own_request" });
    await expect(there.offer(person("sam"), request, { duration: 60 })).rejects.toMatchObject({ code: "not_found" });
    rules = [
      allow({ ...rule, roles: ["readonly"] }),
      allow({
        ...rule,
        name: "other",
        roles: ["readwrite"],
        approval: { stages: [{ from: ["group:security"], count: 1 }] },
      }),
    ];
    await expect(there.offer(lea, request, { role: "readwrite" })).rejects.toMatchObject({ code: "not_permitted" });
    const two = await asked({ stages: [{ from: ["group:db-leads"], count: 2 }] });
    await there.answer(lou, two);
    await expect(there.offer(lea, two, { duration: 60 })).rejects.toMatchObject({ code: "wrong_state" });
  });

  it("is accepted by its requester only, as it stands, and while policy still lets them have it", async () => {
    const there = house();
    const request = await asked();
    await there.offer(lea, request, { duration: 900 });
    await there.offer(lou, request, { duration: 600 });
    await expect(there.accept(request, { role: "readonly", duration: 900 })).rejects.toMatchObject({
      code: "not_as_seen",
    });
    rules = [deny({}), rule];
    await expect(there.accept(request, { role: "readonly", duration: 600 })).rejects.toMatchObject({
      code: "refused_by_policy",
    });
    rules = [rule];
    expect((await there.accept(request, { role: "readonly", duration: 600 })).approvals).toMatchObject([
      { approver: { subject: "lead1" } },
    ]);
    await expect(there.accept(request, { role: "readonly", duration: 600 })).rejects.toMatchObject({
      code: "wrong_state",
    });
  });
});

/** All at once, or the first ahead by some turns of the loop, so that they meet at every place in between. */
async function together(round: number, races: readonly (() => Promise<unknown>)[]) {
  const [first, ...others] = races.map((race, index) => async () => {
    for (let turn = 0; index > 0 && turn < (round >> 1) % 8; turn++)
      await new Promise((resolve) => setImmediate(resolve));
    return race();
  });
  return Promise.allSettled([first, ...others].map((race) => race?.()));
}

async function signInAs(principal: Principal): Promise<void> {
  now += 1;
  const id = newId("sign_in");
  await open.ledger.commit({
    guard: {
      do: "insert_sign_in",
      signIn: { id, tokenHash: id, principal, host: undefined, createdAt: now, expiresAt: now + 1, endedAt: undefined },
      idTokenHash: id,
      idTokenExpiresAt: now + 1,
    },
    events: [{ ...entry("sign_in.created"), actor: principal }],
  });
}
