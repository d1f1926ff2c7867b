import type { DelegationList, DelegationView } from "@phi/shared/contract/delegation";
import type { RequestList, RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arena, auditOf, eventually, openArena, type Voice } from "./arena.testing.js";
import { runOperator } from "./operator.testing.js";

const person = (login: string, ...groups: string[]) => ({ login, groups, name: login, email: `${login}@example.test` });
/** Leaves the group while out. */
const gus = person("gus", "db-leads");

let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
let eve: Voice;
let fay: Voice;
beforeAll(async () => {
  arena = await openArena({
    extraPeople: [person("eve", "support"), person("fay", "support"), gus],
    config: (text) => `${text}
  - name: two leads for a long change
    requesters: [group:engineering, group:db-leads]
    resources: [db-prod]
    roles: [readwrite]
    maxDuration: 8h
    approval: { from: [group:db-leads], count: 2 }
`,
  });
  [alice, bob, carol, eve, fay] = (await Promise.all(
    ["alice", "bob", "carol", "eve", "fay"].map((login) => arena.signIn(login)),
  )) as [Voice, Voice, Voice, Voice, Voice];
});
afterAll(() => arena?.close());

type Told = RequestView & { code: string };
async function ask(who: Voice, over: Record<string, unknown> = {}): Promise<RequestView> {
  const order = { resource: "db-prod", role: "readonly", duration: 600, reason: "INC-42", ...over };
  const asked = await who.call<RequestView>("POST", "/v1/requests", order);
  expect(asked.status).toBe(201);
  return asked.body;
}
const approve = (who: Voice, { request, hash }: RequestView) =>
  who.call<Told>("POST", `/v1/requests/${request}/approvals`, { verdict: "approve", hash });
async function delegate(from: Voice, to: string, over: Record<string, unknown> = {}): Promise<DelegationView> {
  const order = { to, duration: 3600, reason: "on holiday", ...over };
  const made = await from.call<DelegationView>("POST", "/v1/delegations", order);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body;
}
const end = (who: Voice, { delegation }: DelegationView) => who.call("POST", `/v1/delegations/${delegation}/end`, {});
const waiting = async (who: Voice) =>
  (await who.call<RequestList>("GET", "/v1/requests?scope=to_approve")).body.requests.map(({ request }) => request);

describe("a delegation", () => {
  it("lets a colleague answer in the approver's place, and says so in every view and event, until it is ended", async () => {
    const request = await ask(alice);
    expect(await waiting(eve)).toEqual([]);
    expect((await approve(eve, request)).status).toBe(404);
    const given = await delegate(bob, "eve", { resource: "db-prod" });
    expect((await eve.call<DelegationList>("GET", "/v1/delegations")).body.delegations).toMatchObject([
      { delegation: given.delegation, from: { name: "bob" }, to: { name: "eve" } },
    ]);
    expect(await waiting(eve)).toEqual([request.request]);
    const approved = await approve(eve, request);
    expect(approved).toMatchObject({
      status: 200,
      body: { state: "approved", approvals: [{ by: { name: "eve" }, onBehalfOf: { name: "bob" } }] },
    });
    const [event] = await auditOf(carol, `&request=${request.request}&kind=request.approved`);
    expect(event).toMatchObject({
      actor: { name: "eve" },
      data: { onBehalfOf: { name: "bob" }, delegation: given.delegation },
    });

    const next = await ask(alice);
    expect((await end(fay, given)).status, "nobody else ends it").toBe(404);
    expect((await end(bob, given)).status).toBe(200);
    expect((await approve(eve, next)).status).toBe(404);
    expect((await auditOf(carol, "&kind=delegation")).map(({ kind, data }) => [kind, data.because])).toEqual([
      ["delegation.created", undefined],
      ["delegation.ended", "ended"],
    ]);
  });

  it("lets a colleague offer less in the approver's place, which counts as the approver's yes, and only while it lasts", async () => {
    const request = await ask(alice);
    const given = await delegate(bob, "eve");
    const less = { duration: 300, hash: request.hash, reason: "the replica will do" };
    const offered = await eve.call<Told>("POST", `/v1/requests/${request.request}/offers`, less);
    expect(offered).toMatchObject({
      status: 200,
      body: { offer: { by: { name: "eve" }, onBehalfOf: { name: "bob" }, duration: 300 } },
    });
    const [made] = await auditOf(carol, `&request=${request.request}&kind=offer.made`);
    expect(made).toMatchObject({
      actor: { name: "eve" },
      data: { onBehalfOf: { name: "bob" }, delegation: given.delegation },
    });
    const accept = (one: RequestView) =>
      alice.call<Told>("POST", `/v1/requests/${one.request}/accept`, { role: "readonly", duration: 300 });
    expect(await accept(request)).toMatchObject({
      status: 200,
      body: { state: "approved", duration: 300, approvals: [{ by: { name: "eve" }, onBehalfOf: { name: "bob" } }] },
    });

    const late = await ask(alice);
    expect((await eve.call("POST", `/v1/requests/${late.request}/offers`, { ...less, hash: late.hash })).status).toBe(
      200,
    );
    await end(bob, given);
    expect(await accept(late)).toMatchObject({ status: 409, body: { code: "wrong_state" } });
    expect((await alice.call<RequestView>("GET", `/v1/requests/${late.request}`)).body.state).toBe("pending");
  });

  it("never reaches the request of the one who gave it, is not handed on, and counts once with its giver", async () => {
    const toEve = await delegate(bob, "eve");
    const toFay = await delegate(eve, "fay");
    const own = await ask(bob, { role: "readwrite", duration: 7200 });
    expect((await approve(eve, own)).status, "bob's own request").toBe(404);
    const long = await ask(alice, { role: "readwrite", duration: 7200 });
    expect((await approve(fay, long)).status, "a chain").toBe(404);
    const both = await Promise.all([approve(eve, long), approve(bob, long)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await alice.call<RequestView>("GET", `/v1/requests/${long.request}`)).body).toMatchObject({
      state: "pending",
      approvals: { length: 1 },
    });
    await Promise.all([end(bob, toEve), end(eve, toFay)]);
  });

  it("is worth what its giver is worth now: nothing when they have left the group, are locked, or its span is over", async () => {
    const absent = await arena.signIn("gus");
    await delegate(absent, "fay");
    const request = await ask(alice);
    expect(await waiting(fay)).toContain(request.request);
    await runOperator(arena.configFile, "lock", "principal", "gus", "--reason", "lost his badge");
    expect((await approve(fay, request)).status).toBe(404);
    await runOperator(arena.configFile, "unlock", "principal", "gus");
    expect(await waiting(fay)).toContain(request.request);
    gus.groups.splice(0);
    await arena.signIn("gus");
    expect(await waiting(fay)).toEqual([]);

    const short = await delegate(bob, "fay", { duration: 1 });
    await eventually("it is over", 10_000, async () => (await waiting(fay)).length === 0);
    expect((await approve(fay, request)).status).toBe(404);
    const ended = await eventually("its end is on record", 30_000, async () =>
      (await auditOf(carol, "&kind=delegation.ended")).find(({ data }) => data.delegation === short.delegation),
    );
    expect(ended).toMatchObject({ data: { because: "expired", from: { name: "bob" }, to: { name: "fay" } } });
  });

  it("is to somebody who has signed in, not to oneself, and not for ever", async () => {
    const status = async (over: Record<string, unknown>) =>
      (await bob.call("POST", "/v1/delegations", { to: "eve", duration: 3600, reason: "on holiday", ...over })).status;
    expect(await status({ to: "nobody" })).toBe(404);
    expect(await status({ to: "bob" })).toBe(400);
    expect(await status({ duration: 31 * 86_400 })).toBe(400);
    expect(await status({ resource: "db-gone" })).toBe(404);
    expect(await status({ reason: undefined })).toBe(400);
  });
});
