import { newId } from "@phi/shared/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashOf } from "../domain/approve.js";
import { allow, deny, person } from "../domain/policy/policy.testing.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import { entry, openTemporaryLedger } from "../store/store.testing.js";
import { alice, type House, leads, openHouse, together, type Weather } from "./house.testing.js";

const ROUNDS = 100;
const rule = allow({
  name: "engineers read production",
  resources: ["db-*"],
  roles: ["readonly", "readwrite"],
  maxDuration: 7_200,
});
const [lea, lou] = leads as [Principal, Principal];

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
let weather: Weather;
let there: House;
beforeEach(async () => {
  open = await openTemporaryLedger();
  weather = { rules: [rule], now: 10_000, moveEnd: async () => [] };
  there = openHouse(open, weather);
});
afterEach(() => open.close());

/** What the loop does when nobody answered in time. */
const lapse = (request: Request) =>
  open.ledger.commit({
    guard: {
      do: "advance_request",
      id: request.id,
      from: "pending",
      to: "lapsed",
      dueAt: null,
      set: { endedAt: weather.now },
    },
    events: [entry("request.lapsed", request)],
  });
describe("of two who act on a request at the same instant, one wins, with one event, 100 of 100 times:", () => {
  const RACES: [string, ((h: House, request: Request) => Promise<unknown>)[]][] = [
    ["approve and approve", [(h, request) => h.answer(lea, request), (h, request) => h.answer(lou, request)]],
    ["approve and deny", [(h, request) => h.answer(lea, request), (h, request) => h.answer(lou, request, "deny")]],
    [
      "approve and withdraw",
      [(h, request) => h.answer(lea, request), (h, request) => h.close(alice, request, "withdraw")],
    ],
    ["approve and lapse", [(h, request) => h.answer(lea, request), (_, request) => lapse(request)]],
  ];
  it.each(RACES)("%s", async (_what, racers) => {
    const states = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const request = await there.asked();
      const order = round % 2 === 0 ? racers : [...racers].reverse();
      const settled = await together(
        round,
        order.map((race) => () => race(there, request)),
      );
      const moved = settled.filter((one) => one.status === "fulfilled" && one.value !== "lost_race");
      expect(moved).toHaveLength(1);
      const { state } = await there.reload(request);
      states.add(state);
      const events = await there.kinds(request.id);
      expect(events).toEqual([`request.${state}`]);
      const answers = await open.ledger.approvals([request.id]);
      expect(answers).toHaveLength(state === "approved" || state === "denied" ? 1 : 0);
    }
    // Each of them wins at some time: they do race.
    expect(states.size).toBe(racers === RACES[0]?.[1] ? 1 : 2);
  });

  it("a yes to the whole and the acceptance of less", async () => {
    const durations = new Set<number>();
    for (let round = 0; round < ROUNDS; round++) {
      const request = await there.asked();
      await there.offer(lou, request, { duration: 600 });
      const both = [() => there.answer(lea, request), () => there.accept(request, { role: "readonly", duration: 600 })];
      const settled = await together(round, round % 2 === 0 ? both : both.reverse());
      expect(settled.filter((one) => one.status === "fulfilled")).toHaveLength(1);
      const after = await there.reload(request);
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
    const request = await there.asked();
    const other = { ...request, duration: 3_600 };
    await expect(there.answer(lea, other)).rejects.toMatchObject({ code: "not_as_seen", status: 409 });
    await there.offer(lou, request, { role: "readwrite", duration: 600 });
    await there.accept(request, { role: "readwrite", duration: 600 }).catch(() => undefined);
    await expect(there.answer(lea, request)).rejects.toMatchObject({ status: 409 });
    expect(await open.ledger.approvals([request.id])).toHaveLength(1);
  });

  it("needs the requester to be entitled still, by the groups of their newest sign-in and the policy of now; a no does not", async () => {
    const [request, another] = [await there.asked(), await there.asked()];
    await signInAs({ ...alice, groups: [] });
    await expect(there.answer(lea, request)).rejects.toMatchObject({ code: "refused_by_policy" });
    expect(await there.kinds(request.id)).toEqual(["approval.refused"]);
    expect((await there.answer(lea, request, "deny")).request.state).toBe("denied");
    await signInAs(alice);
    weather.rules = [rule, deny({})];
    await expect(there.answer(lea, another)).rejects.toMatchObject({ code: "refused_by_policy" });
    weather.rules = [rule];
    expect((await there.answer(lea, another)).request.state).toBe("approved");
  });

  it("fills the stages in turn, and nobody fills two places", async () => {
    const both = person("both", "db-leads", "security");
    const sam = person("sam", "security");
    const request = await there.asked({
      stages: [
        { from: ["group:db-leads"], count: 1 },
        { from: ["group:security"], count: 1 },
      ],
    });
    expect(await there.reload(request)).toEqual(request);
    await expect(there.answer(sam, request)).rejects.toMatchObject({
      code: "wrong_state",
      message: expect.stringContaining("group:db-leads"),
    });
    expect((await there.answer(both, request)).request.state).toBe("pending");
    await expect(there.answer(both, request)).rejects.toMatchObject({ code: "already_decided" });
    expect((await there.answer(sam, request)).request.state).toBe("approved");
    expect(await there.kinds(request.id)).toEqual(["approval.given", "request.approved"]);
  });
});

describe("an offer", () => {
  it("that is accepted makes the request the smaller one, with its maker's yes; both are on record", async () => {
    const request = await there.asked({ role: "readwrite" });
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
    expect(await there.kinds(request.id)).toEqual(["offer.made", "offer.accepted", "request.approved"]);
  });

  it("of something that needs more people waits for the others as the smaller one", async () => {
    weather.rules = [allow({ ...rule, approval: { stages: [{ from: ["group:db-leads"], count: 2 }] } })];
    const request = await there.asked({ stages: [{ from: ["group:db-leads"], count: 2 }] });
    await there.offer(lea, request, { duration: 900 });
    const accepted = await there.accept(request, { role: "readonly", duration: 900 });
    expect(accepted.request).toMatchObject({ state: "pending", duration: 900 });
    expect(accepted.request).not.toHaveProperty("offer");
    await expect(there.answer(lea, accepted.request)).rejects.toMatchObject({ code: "already_decided" });
    await expect(there.answer(lou, request)).rejects.toMatchObject({ code: "not_as_seen" });
    expect((await there.answer(lou, accepted.request)).request).toMatchObject({ state: "approved", duration: 900 });
  });

  it("is for less, is its maker's to give, and is made before anybody said yes", async () => {
    const request = await there.asked();
    for (const [less, code] of [
      [{ duration: 3_600 }, "invalid_input"],
      [{}, "invalid_input"],
      [{ duration: 1_800 }, "invalid_input"],
      [{ role: "owner" }, "role_unknown"],
    ] as const)
      await expect(there.offer(lea, request, less), JSON.stringify(less)).rejects.toMatchObject({ code });
    await expect(there.offer(alice, request, { duration: 60 })).rejects.toMatchObject({ code: "own_request" });
    await expect(there.offer(person("sam"), request, { duration: 60 })).rejects.toMatchObject({ code: "not_found" });
    weather.rules = [
      allow({ ...rule, roles: ["readonly"] }),
      allow({
        ...rule,
        name: "other",
        roles: ["readwrite"],
        approval: { stages: [{ from: ["group:security"], count: 1 }] },
      }),
    ];
    await expect(there.offer(lea, request, { role: "readwrite" })).rejects.toMatchObject({ code: "not_permitted" });
    const two = await there.asked({ stages: [{ from: ["group:db-leads"], count: 2 }] });
    await there.answer(lou, two);
    await expect(there.offer(lea, two, { duration: 60 })).rejects.toMatchObject({ code: "wrong_state" });
  });

  it("is accepted by its requester only, as it stands, and while policy still lets them have it", async () => {
    const request = await there.asked();
    await there.offer(lea, request, { duration: 900 });
    await there.offer(lou, request, { duration: 600 });
    await expect(there.accept(request, { role: "readonly", duration: 900 })).rejects.toMatchObject({
      code: "not_as_seen",
    });
    weather.rules = [deny({}), rule];
    await expect(there.accept(request, { role: "readonly", duration: 600 })).rejects.toMatchObject({
      code: "refused_by_policy",
    });
    weather.rules = [rule];
    expect((await there.accept(request, { role: "readonly", duration: 600 })).approvals).toMatchObject([
      { approver: { subject: "lead1" } },
    ]);
    await expect(there.accept(request, { role: "readonly", duration: 600 })).rejects.toMatchObject({
      code: "wrong_state",
    });
  });
});

async function signInAs(principal: Principal): Promise<void> {
  weather.now += 1;
  const id = newId("sign_in");
  await open.ledger.commit({
    guard: {
      do: "insert_sign_in",
      signIn: {
        id,
        tokenHash: id,
        principal,
        host: undefined,
        createdAt: weather.now,
        expiresAt: weather.now + 1,
        endedAt: undefined,
      },
      idTokenHash: id,
      idTokenExpiresAt: weather.now + 1,
    },
    events: [{ ...entry("sign_in.created"), actor: principal }],
  });
}
