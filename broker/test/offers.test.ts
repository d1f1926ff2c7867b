import { requestHash } from "@phi/shared/audit/request-hash";
import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arena, auditOf, issue, openArena, type Voice } from "./arena.testing.js";

let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
let sam: Voice;
beforeAll(async () => {
  arena = await openArena({
    extraPeople: [{ login: "sam", name: "Sam", email: "sam@example.test", groups: ["security-leads"] }],
    config: (text) => `${text}
  - name: long changes want two teams
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readwrite]
    maxDuration: 8h
    approval: { stages: [{ from: [group:db-leads] }, { from: [group:security-leads] }] }
`,
  });
  [alice, bob, carol, sam] = (await Promise.all(
    ["alice", "bob", "carol", "sam"].map((login) => arena.signIn(login)),
  )) as [Voice, Voice, Voice, Voice];
});
afterAll(() => arena?.close());

type Body = RequestView & { code: string };
async function ask(over: Record<string, unknown> = {}): Promise<RequestView> {
  const order = { resource: "db-prod", role: "readwrite", duration: 1_800, reason: "INC-42", ...over };
  const asked = await alice.call<RequestView>("POST", "/v1/requests", order);
  expect(asked.status).toBe(201);
  return asked.body;
}
const post = (who: Voice, request: RequestView, verb: string, body: unknown) =>
  who.call<Body>("POST", `/v1/requests/${request.request}/${verb}`, body);

describe("an approval over HTTP", () => {
  it("carries the hash of what was shown; without it, or with another, it is 409 and nothing happens", async () => {
    const request = await ask();
    expect(requestHash(request)).toBe(request.hash);
    for (const hash of [undefined, "0".repeat(64), requestHash({ ...request, duration: 60 })])
      expect(await post(bob, request, "approvals", { verdict: "approve", hash })).toMatchObject({
        status: 409,
        body: { code: "not_as_seen" },
      });
    expect((await alice.call<RequestView>("GET", `/v1/requests/${request.request}`)).body).toMatchObject({
      state: "pending",
      approvals: [],
    });
    expect(await post(bob, request, "approvals", { verdict: "approve", hash: request.hash })).toMatchObject({
      status: 200,
      body: { state: "approved" },
    });
    const [event] = await auditOf(carol, `&request=${request.request}&kind=request.approved`);
    expect(event?.data).toMatchObject({ requestHash: request.hash, policyHash: request.policyHash });
  });

  it("of two stages comes from one team and then the other", async () => {
    const request = await ask({ duration: 7_200 });
    expect(request).toMatchObject({
      approvers: ["group:db-leads"],
      approvalsNeeded: 2,
      policy: "long changes want two teams",
    });
    const yes = { verdict: "approve", hash: request.hash };
    const waitsFor = async (who: Voice) =>
      (await who.call<{ requests: RequestView[] }>("GET", "/v1/requests?scope=to_approve")).body.requests.some(
        (one) => one.request === request.request,
      );
    expect([await waitsFor(bob), await waitsFor(sam)]).toEqual([true, false]);
    expect(await post(sam, request, "approvals", yes)).toMatchObject({ status: 409, body: { code: "wrong_state" } });
    const half = await post(bob, request, "approvals", yes);
    expect(half.body).toMatchObject({ state: "pending", approvers: ["group:security-leads"], hash: request.hash });
    expect(half.body.mayDecide).toBe(false);
    expect([await waitsFor(bob), await waitsFor(sam)]).toEqual([false, true]);
    expect(await post(sam, request, "approvals", yes)).toMatchObject({ status: 200, body: { state: "approved" } });
  });
});

describe("a counter-offer over HTTP", () => {
  it("is seen by its requester, taken as it stands, and then the credential is for less", async () => {
    const request = await ask();
    const less = { role: "readonly", duration: 600, reason: "the replica will do", hash: request.hash };
    expect(await post(bob, request, "offers", { ...less, hash: "0".repeat(64) })).toMatchObject({
      status: 409,
      body: { code: "not_as_seen" },
    });
    const offered = await post(bob, request, "offers", less);
    expect(offered.body).toMatchObject({
      state: "pending",
      role: "readwrite",
      offer: { role: "readonly", duration: 600, by: { name: "bob" } },
    });
    expect(await post(bob, request, "accept", { role: "readonly", duration: 600 })).toMatchObject({ status: 403 });
    expect(await post(alice, request, "accept", { role: "readonly", duration: 700 })).toMatchObject({
      status: 409,
      body: { code: "not_as_seen" },
    });
    const accepted = await post(alice, request, "accept", { role: "readonly", duration: 600 });
    expect(accepted.body).toMatchObject({
      state: "approved",
      role: "readonly",
      duration: 600,
      policy: "engineers read production",
    });
    const lease = await issue(alice, accepted.body);
    expect(lease).toMatchObject({ role: "readonly" });
    expect(lease.expiresInMs).toBeLessThanOrEqual(600_000);
    expect((await auditOf(carol, `&request=${request.request}`)).map((event) => event.kind).slice(0, 4)).toEqual([
      "request.created",
      "offer.made",
      "offer.accepted",
      "request.approved",
    ]);
  });

  it("that made a request smaller leaves its Idempotency-Key standing for what was asked", async () => {
    const key = { "idempotency-key": "asked-for-more" };
    const order = { resource: "db-prod", role: "readwrite", duration: 1_800, reason: "INC-43" };
    const { body: asked } = await alice.call<RequestView>("POST", "/v1/requests", order, key);
    expect(await post(bob, asked, "offers", { duration: 600, hash: asked.hash })).toMatchObject({ status: 200 });
    expect(await post(alice, asked, "accept", { role: "readwrite", duration: 600 })).toMatchObject({ status: 200 });
    expect(await alice.call("POST", "/v1/requests", order, key)).toMatchObject({
      status: 201,
      body: { request: asked.request, duration: 600 },
    });
  });
});
