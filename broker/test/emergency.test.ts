import type { LeaseReply } from "@phi/shared/contract/lease";
import type { RequestList, RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StatusReply } from "../src/admin/contract.js";
import { type Arena, auditOf, eventually, issue, openArena, openSession, type Voice } from "./arena.testing.js";
import { runOperator } from "./operator.testing.js";

const person = (login: string, ...groups: string[]) => ({ login, groups, name: login, email: `${login}@example.test` });

let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
let kim: Voice;
beforeAll(async () => {
  arena = await openArena({
    extraPeople: [person("kim", "engineering", "contractors")],
    config: (text) => `${text}
  - name: break glass
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readwrite]
    maxDuration: 1h
    approval: { from: [group:db-leads], count: 2 }
    emergency: { maxDuration: 30m, notify: [group:security], reviewers: [group:db-leads, group:security], reviewWithin: 2s }
  - name: no contractors
    effect: deny
    requesters: [group:contractors]
    resources: [db-prod]
`,
  });
  [alice, bob, carol, kim] = (await Promise.all(
    ["alice", "bob", "carol", "kim"].map((login) => arena.signIn(login)),
  )) as [Voice, Voice, Voice, Voice];
});
afterAll(() => arena?.close());

type Told = RequestView & { code: string; data: { because: string } };
const order = { resource: "db-prod", role: "readwrite", duration: 600, reason: "orders are stuck", emergency: true };
const take = (who: Voice, over: Record<string, unknown> = {}) =>
  who.call<Told>("POST", "/v1/requests", { ...order, ...over });
const review = (who: Voice, { request }: RequestView, verdict: "ok" | "flag" = "ok") =>
  who.call<Told>("POST", `/v1/requests/${request}/review`, { verdict, reason: "looked at every command" });
const toReview = async (who: Voice) =>
  (await who.call<RequestList>("GET", "/v1/requests?scope=to_review")).body.requests.map(({ request }) => request);

describe("an emergency", () => {
  it("is granted at once and marked wherever it is seen; when it is over somebody else reviews it, once", async () => {
    const taken = await take(bob);
    expect(taken).toMatchObject({ status: 201, body: { state: "active", approvals: [] } });
    const { body: request } = taken;
    expect(request.emergency).toMatchObject({ reviewers: ["group:db-leads", "group:security"] });
    const lease: LeaseReply = await issue(bob, request);
    expect(lease.emergency).toBe(true);
    const session = await openSession(lease);
    expect(await toReview(carol)).toEqual([request.request]);
    expect(await review(carol, request), "what still happens in it nobody would have looked at").toMatchObject({
      body: { code: "wrong_state" },
    });
    const said = await runOperator(arena.configFile, "status", "--json");
    expect((JSON.parse(said.stdout) as StatusReply).unreviewed).toMatchObject({
      count: 1,
      requests: [{ request: request.request, requester: "bob" }],
    });

    await bob.call("POST", `/v1/requests/${request.request}/end`, {});
    await session.ended;
    expect(await review(bob, request), "a reviewer by group, but it was his").toMatchObject({
      status: 403,
      body: { code: "own_request" },
    });
    expect((await review(alice, request)).status, "does not learn that it exists").toBe(404);
    expect(await review(carol, request, "flag")).toMatchObject({
      status: 200,
      body: { emergency: { review: { verdict: "flag", by: { name: "carol" } } }, mayReview: false },
    });
    expect(await review(carol, request)).toMatchObject({ status: 409, body: { code: "already_decided" } });
    expect(await toReview(carol)).toEqual([]);

    const events = await auditOf(carol, `&request=${request.request}`);
    const kinds = events.map((event) => event.kind);
    expect(kinds.slice(0, 3)).toEqual(["request.created", "request.emergency", "request.started"]);
    expect(kinds).toContain("review.refused");
    expect(events.find((event) => event.kind === "request.emergency")?.data).toMatchObject({
      notify: ["group:security"],
      reviewers: ["group:db-leads", "group:security"],
      reason: "orders are stuck",
    });
    expect(kinds.filter((kind) => kind === "review.given")).toHaveLength(1);
  });

  it("that nobody reviews in time is told once, with who is to be told, and can still be reviewed", async () => {
    const { body: request } = await take(alice, { duration: 1 });
    const overdue = () => auditOf(carol, `&request=${request.request}&kind=review.overdue`);
    const [told] = await eventually("the review is overdue", 30_000, async () => {
      const events = await overdue();
      return events.length > 0 && events;
    });
    expect(told?.data).toMatchObject({ requester: "alice", notify: ["group:security"] });
    expect((await runOperator(arena.configFile, "status")).stdout).toMatch(/reviews +1 missing\n.*OVERDUE since/);
    expect((await review(bob, request)).status).toBe(200);
    expect(await overdue()).toHaveLength(1);
  });

  it("is for whom policy names, for as long as it says, with a reason; deny policies and locks win", async () => {
    const because = async (who: Voice, over: Record<string, unknown>) => {
      const { status, body } = await take(who, over);
      return [status, body.code, body.data?.because];
    };
    expect(await because(alice, { role: "readonly" })).toEqual([403, "refused_by_policy", "no_emergency"]);
    expect(await because(alice, { duration: 3600 })).toEqual([403, "refused_by_policy", "too_long"]);
    expect(await because(alice, { reason: undefined })).toEqual([403, "refused_by_policy", "reason_missing"]);
    expect(await because(kim, {})).toEqual([403, "refused_by_policy", "denied"]);
    await runOperator(arena.configFile, "lock", "resource", "db-prod", "--reason", "restore");
    expect(await because(alice, {})).toEqual([403, "locked", undefined]);
    await runOperator(arena.configFile, "unlock", "resource", "db-prod");
    const refused = await auditOf(carol, "&kind=request.refused");
    expect(refused.filter((event) => event.data.emergency === true)).toHaveLength(5);
  });

  it("is one emergency however often the call is repeated", async () => {
    const again = () => alice.call<RequestView>("POST", "/v1/requests", order, { "idempotency-key": "night-1" });
    const all = await Promise.all([again(), again(), again()]);
    expect(new Set(all.map(({ body }) => body.request)).size).toBe(1);
    await alice.call("POST", `/v1/requests/${all[0]?.body.request}/end`, {});
  });

  it("asked for twice with one Idempotency-Key is one, also at the same instant; with the key and another order it is a mistake", async () => {
    const key = { "idempotency-key": "one-emergency" };
    const again = (over: Record<string, unknown> = {}) =>
      bob.call<Told>("POST", "/v1/requests", { ...order, reason: "only once", ...over }, key);
    const replies = await Promise.all([again(), again(), again()]);
    expect(replies.map((reply) => reply.status)).toEqual([201, 201, 201]);
    expect(new Set(replies.map((reply) => reply.body.request)).size).toBe(1);
    const changed = [{ role: "readonly" }, { ticket: "INC-1" }, { once: true }, { duration: 60 }, { emergency: false }];
    for (const over of changed)
      expect(await again(over), JSON.stringify(over)).toMatchObject({ status: 400, body: { code: "invalid_input" } });
    await bob.call("POST", `/v1/requests/${replies[0]?.body.request}/end`, {});
  });
});
