import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arena, approvedRequest, auditOf, issue, openArena, type Voice } from "./arena.testing.js";

const LEADS = Array.from({ length: 10 }, (_, index) => ({
  login: `lead${index}`,
  groups: ["db-leads"],
  name: `Lead ${index}`,
  email: `lead${index}@example.test`,
}));

let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
let dave: Voice;
let leads: Voice[];
beforeAll(async () => {
  arena = await openArena({
    extraPeople: LEADS,
    config: (text) => `${text}
  - name: two leads for a long change
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readwrite]
    maxDuration: 8h
    approval: { from: [group:db-leads], count: 2 }
    reason: required
`,
  });
  [alice, bob, carol, dave] = await Promise.all([
    arena.signIn("alice"),
    arena.signIn("bob"),
    arena.signIn("carol"),
    arena.signIn("dave"),
  ]);
  leads = await Promise.all(LEADS.map((lead) => arena.signIn(lead.login)));
});
afterAll(() => arena?.close());

async function ask(who: Voice, over: Record<string, unknown> = {}): Promise<RequestView> {
  const asked = await who.call<RequestView>("POST", "/v1/requests", {
    resource: "db-prod",
    role: "readonly",
    duration: 600,
    reason: "INC-42",
    ...over,
  });
  expect(asked.status).toBe(201);
  return asked.body;
}
const answer = (who: Voice, request: RequestView, verdict: "approve" | "deny") =>
  who.call<RequestView & { code: string }>("POST", `/v1/requests/${request.request}/approvals`, {
    verdict,
    hash: request.hash,
    reason: "looked at it",
  });

describe("a decision", () => {
  it("is one decision and one event when ten approvers race, approving and denying", async () => {
    const request = await ask(alice);
    const replies = await Promise.all(
      leads.map((lead, index) => answer(lead, request, index % 2 === 0 ? "approve" : "deny")),
    );
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    expect(replies.filter((reply) => reply.status === 409 && reply.body.code === "already_decided")).toHaveLength(9);
    const events = await auditOf(carol, `&request=${request.request}`);
    expect(events.filter((event) => event.kind === "request.approved" || event.kind === "request.denied")).toHaveLength(
      1,
    );
    const after = await alice.call<RequestView>("GET", `/v1/requests/${request.request}`);
    expect(after.body.approvals).toHaveLength(1);
  });

  it("is never the requester's own, whatever their groups say, and the attempt is on record", async () => {
    const request = await ask(bob); // a lead himself
    expect(await answer(bob, request, "approve")).toMatchObject({ status: 403, body: { code: "own_request" } });
    expect((await bob.call<RequestView>("GET", `/v1/requests/${request.request}`)).body).toMatchObject({
      state: "pending",
      mayDecide: false,
    });
    expect((await auditOf(carol, `&request=${request.request}&kind=approval.refused`)).at(0)).toMatchObject({
      actor: { name: "bob" },
    });
  });

  it("is not an auditor's or an admin's who is no named approver", async () => {
    const request = await ask(alice);
    expect(await answer(carol, request, "approve")).toMatchObject({ status: 403, body: { code: "not_permitted" } });
    expect(await answer(dave, request, "approve")).toMatchObject({ status: 403, body: { code: "not_permitted" } });
  });

  it("that needs two people counts each once, and two at the same instant both", async () => {
    const request = await ask(alice, { role: "readwrite", duration: 7200 });
    expect(request.approvalsNeeded).toBe(2);
    const [first, second] = [leads[0] as Voice, leads[1] as Voice];
    expect(await answer(first, request, "approve")).toMatchObject({ status: 200, body: { state: "pending" } });
    expect(await answer(first, request, "approve")).toMatchObject({ status: 409, body: { code: "already_decided" } });
    expect(await answer(second, request, "approve")).toMatchObject({ status: 200, body: { state: "approved" } });

    const raced = await ask(alice, { role: "readwrite", duration: 7200 });
    const replies = await Promise.all(leads.map((lead) => answer(lead, raced, "approve")));
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(2);
    const kinds = (await auditOf(carol, `&request=${raced.request}`)).map((event) => event.kind);
    expect(kinds).toEqual(["request.created", "approval.given", "request.approved"]);
  });

  it("cannot be made by naming the state: the body never sets what the broker decides", async () => {
    for (const field of [
      "state",
      "approver",
      "approvers",
      "requester",
      "policy",
      "approvalsNeeded",
      "expiresAt",
      "id",
      "__proto__x",
    ]) {
      const asked = await alice.call("POST", "/v1/requests", {
        resource: "db-prod",
        role: "readonly",
        duration: 60,
        reason: "x",
        [field]: "approved",
      });
      expect(asked, field).toMatchObject({ status: 400, body: { code: "invalid_input" } });
    }
  });
});

describe("a request", () => {
  it("of somebody else looks exactly like one that does not exist", async () => {
    const request = await ask(bob);
    const theirs = await alice.call("GET", `/v1/requests/${request.request}`);
    const nobodys = await alice.call("GET", "/v1/requests/req_0000aaaa0000");
    expect(theirs.status).toBe(404);
    expect({ ...theirs.body, detail: "" }).toEqual({ ...nobodys.body, detail: "" });
    for (const verb of ["withdraw", "end", "revoke", "approvals"]) {
      const body = verb === "approvals" ? { verdict: "approve" } : {};
      expect((await alice.call("POST", `/v1/requests/${request.request}/${verb}`, body)).status, verb).toBe(404);
    }
    expect(
      (await alice.call("POST", "/v1/leases", { request: request.request, use: "command", command: [], host: "h" }))
        .status,
    ).toBe(404);
    expect((await alice.call("GET", `/v1/requests/${request.request}/events`)).status).toBe(404);
  });

  it("made twice with one Idempotency-Key is one request, also at the same instant", async () => {
    const order = { resource: "db-prod", role: "readonly", duration: 60, reason: "once" };
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => alice.call<RequestView>("POST", "/v1/requests", order, { "idempotency-key": "k-1" })),
    );
    expect(new Set(replies.map((reply) => reply.body.request)).size).toBe(1);
    expect(replies.map((reply) => reply.status)).toEqual([201, 201, 201, 201]);
  });

  it.each([
    [{ resource: "db-other" }],
    [{ role: "readwrite" }],
    [{ role: undefined }],
    [{ duration: 61 }],
    [{ reason: "another" }],
    [{ reason: undefined }],
    [{ ticket: "INC-2" }],
    [{ ticket: undefined }],
    [{ once: true }],
    [{ emergency: true }],
  ])("is not given for its Idempotency-Key to who asks for something else: %j", async (over) => {
    const key = { "idempotency-key": `other-${JSON.stringify(over)}` };
    const order = { resource: "db-prod", role: "readonly", duration: 60, reason: "one", ticket: "INC-1" };
    const made = await alice.call<RequestView>("POST", "/v1/requests", order, key);
    expect(made.status).toBe(201);
    expect(await alice.call("POST", "/v1/requests", { ...order, ...over }, key)).toMatchObject({
      status: 400,
      body: { code: "invalid_input", hint: "Use a new key for a new request." },
    });
    expect((await alice.call<RequestView>("POST", "/v1/requests", { ...order, once: false }, key)).body.request).toBe(
      made.body.request,
    );
  });

  it("of somebody else with the same Idempotency-Key is another request", async () => {
    const key = { "idempotency-key": "everybodys" };
    const order = { resource: "db-prod", role: "readonly", duration: 60, reason: "mine" };
    const [mine, theirs] = await Promise.all(
      [alice, bob].map((who) => who.call<RequestView>("POST", "/v1/requests", order, key)),
    );
    expect(mine?.body.request).not.toBe(theirs?.body.request);
  });

  it("gives nobody else a credential: an approver who may see it cannot work under it", async () => {
    const request = await approvedRequest(alice, bob);
    const reply = await bob.call("POST", "/v1/leases", {
      request: request.request,
      use: "command",
      command: [],
      host: "h",
    });
    expect(reply).toMatchObject({ status: 403, body: { code: "not_permitted" } });
    const lease = await issue(alice, request);
    for (const verb of ["heartbeat", "acknowledge", "end"]) {
      expect(
        (await bob.call("POST", `/v1/leases/${lease.lease}/${verb}`, { because: "command_ended" })).status,
        verb,
      ).toBe(404);
    }
    await alice.call("POST", `/v1/requests/${request.request}/end`, {});
  });

  it("is found by the beginning of its id, in any case", async () => {
    const request = await ask(alice);
    const reply = await alice.call<RequestView>("GET", `/v1/requests/${request.request.slice(0, 12).toUpperCase()}`);
    expect(reply.body.request).toBe(request.request);
  });

  it("is withdrawn while pending, and then has no life left", async () => {
    const request = await ask(alice);
    expect(await alice.call("POST", `/v1/requests/${request.request}/withdraw`, {})).toMatchObject({
      body: { state: "withdrawn" },
    });
    expect(await answer(bob, request, "approve")).toMatchObject({ status: 409, body: { code: "already_decided" } });
  });
});

describe("policy", () => {
  it.each([
    [{ resource: "db-prdo" }, 404, "resource_unknown", "Did you mean db-prod?"],
    [{ role: "readonyl" }, 404, "role_unknown", "Did you mean --role readonly?"],
    [{ duration: 5 * 3600 }, 403, "refused_by_policy", "--for 4h"],
    [{ reason: undefined }, 403, "refused_by_policy", "--reason"],
    [{ role: undefined }, 400, "usage", "--role readonly"],
  ])("refuses %j and says what to type", async (over, status, code, hint) => {
    const reply = await alice.call("POST", "/v1/requests", {
      resource: "db-prod",
      role: "readonly",
      duration: 600,
      reason: "x",
      ...over,
    });
    expect(reply).toMatchObject({ status, body: { code, hint: expect.stringContaining(hint) } });
  });

  it("shows nothing to those whom no rule names", async () => {
    expect((await carol.call<{ resources: unknown[] }>("GET", "/v1/resources")).body.resources).toEqual([]);
    expect(
      await carol.call("POST", "/v1/requests", { resource: "db-prod", role: "readonly", duration: 60, reason: "x" }),
    ).toMatchObject({
      status: 404,
      body: { code: "resource_unknown" },
    });
  });
});
