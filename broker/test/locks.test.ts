import type { LockList, LockReply } from "@phi/shared/contract/lock";
import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StatusReply } from "../src/admin/contract.js";
import {
  type Arena,
  approvedRequest,
  auditOf,
  deviceFlow,
  eventually,
  issue,
  openArena,
  openSession,
  type Voice,
} from "./arena.testing.js";
import { runOperator } from "./operator.testing.js";

let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
let dave: Voice;
const mallory = { login: "mallory", groups: ["engineering", "db-leads"], name: "mallory", email: "m@example.test" };
beforeAll(async () => {
  arena = await openArena({ extraPeople: [mallory] });
  [alice, bob, carol, dave] = await Promise.all([
    arena.signIn("alice"),
    arena.signIn("bob"),
    arena.signIn("carol"),
    arena.signIn("dave"),
  ]);
});
afterAll(() => arena?.close());
afterEach(async () => {
  arena.proxy.pass();
  await operator("unlock", "resource", "db-prod");
});

const operator = (...args: string[]) => runOperator(arena.configFile, ...args);
const order = { resource: "db-prod", role: "readonly", duration: 600, reason: "INC-42" };
const ask = (who: Voice) => who.call<RequestView & { code: string; detail: string }>("POST", "/v1/requests", order);

describe("phi-broker lock principal", () => {
  it("ends the live session of an angry colleague at once, and leaves them no way in, not after a restart either", async () => {
    const angry = await arena.signIn("mallory");
    const request = await approvedRequest(angry, bob);
    const session = await openSession(await issue(angry, request, "window"));
    const waits = (await ask(angry)).body;
    const others = await approvedRequest(alice, bob);
    const kept = await openSession(await issue(alice, others, "window"));

    const said = await operator("lock", "principal", "mallory", "--reason", "dismissed today", "--json");
    expect(said).toMatchObject({ code: 0, stderr: "" });
    const reply = JSON.parse(said.stdout) as LockReply;
    expect(reply).toMatchObject({
      on: "principal",
      reason: "dismissed today",
      ended: { requests: 2, leases: 1, unproven: 0 },
    });
    expect((await session.ended) - Date.parse(reply.setAt)).toBeLessThan(5_000);
    expect(await arena.roles(), "alice's role, and no other").toHaveLength(1);
    expect((await kept.client.query("select 1")).rowCount).toBe(1);
    await kept.client.end();
    await alice.call("POST", `/v1/requests/${others.request}/end`, {});

    const locked = { status: 403, body: { code: "locked" } };
    expect(await ask(angry)).toMatchObject(locked);
    expect((await ask(angry)).body.detail).toMatch(/mallory .*locked out since .* by .*dismissed today/);
    expect(await angry.call("GET", "/v1/audit")).toMatchObject(locked);
    const idToken = () => deviceFlow(arena.issuer.url, "mallory");
    const signIn = async () =>
      arena.call(undefined, "POST", "/v1/sign-ins", { idToken: await idToken(), host: "home" });
    expect(await signIn()).toMatchObject(locked);
    await arena.broker().kill();
    await arena.restart();
    expect(await signIn()).toMatchObject(locked);

    const kinds = (await auditOf(carol)).filter((event) => event.data.lock === reply.lock).map((event) => event.kind);
    expect(kinds).toEqual(["lock.set", "request.ended", "request.withdrawn", "lease.revoking", "sign_in.ended"]);
    expect((await bob.call<RequestView>("GET", `/v1/requests/${waits.request}`)).body).toMatchObject({
      state: "withdrawn",
      endComment: expect.stringContaining("dismissed today") as string,
    });

    expect((await operator("unlock", "principal", "mallory", "--reason", "it was a mistake")).code).toBe(0);
    expect(await angry.call("GET", "/v1/me"), "the old sign-in stays dead").toMatchObject({ status: 401 });
    const again = await arena.signIn("mallory");
    const asked = await ask(again);
    expect(asked.status).toBe(201);
    await again.call("POST", `/v1/requests/${asked.body.request}/withdraw`, {});
    expect((await auditOf(carol, "&kind=lock.lifted")).at(-1)?.data).toMatchObject({ reason: "it was a mistake" });
  });

  it("names who could be meant when a name is shared or unknown, and takes a subject that never signed in", async () => {
    const unknown = await operator("lock", "principal", "nobody", "--reason", "x");
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(/Nobody called "nobody" has ever signed in[\s\S]*--subject/);
    expect((await operator("lock", "principal", "malory", "--reason", "x")).stderr).toMatch(/Did you mean mallory\?/);
    expect((await operator("lock", "principal", "nobody", "--subject", "--reason", "x")).code).toBe(0);
    const twice = await operator("lock", "principal", "nobody", "--subject", "--reason", "x");
    expect(twice.stderr).toMatch(/nobody is locked out since/);
    expect((await operator("unlock", "principal", "nobody")).code).toBe(0);
    expect((await operator("unlock", "principal", "nobody")).code).toBe(1);
  });
});

describe("phi-broker lock resource", () => {
  it("freezes it for everybody: sessions end, asking and working are refused, and those concerned see why", async () => {
    const request = await approvedRequest(alice, bob);
    const session = await openSession(await issue(alice, request, "window"));
    const said = await operator("lock", "resource", "db-prod", "--reason", "restore is running");
    expect(said.code).toBe(0);
    expect(said.stdout).toMatch(/db-prod is locked: lck_[\s\S]*1 request; revoked: 1 credential, proven/);
    await session.ended;
    expect(await arena.roles()).toEqual([]);
    expect(await ask(alice)).toMatchObject({ status: 403, body: { code: "locked" } });
    const lease = { resource: "db-prod", use: "command", command: ["psql"], host: "test" };
    expect(await alice.call("POST", "/v1/leases", lease)).toMatchObject({ status: 403, body: { code: "locked" } });
    expect((await alice.call<LockList>("GET", "/v1/locks")).body.locks).toMatchObject([
      { resource: "db-prod", reason: "restore is running" },
    ]);
    const status = JSON.parse((await operator("status", "--json")).stdout) as StatusReply;
    expect(status.locks).toMatchObject([{ resource: "db-prod" }]);
    expect((await operator("status")).stdout).toMatch(/locks +1\n +lck_\w+ +resource db-prod .*restore is running/);
    expect((await operator("locks", "list")).stdout).toMatch(/resource db-prod/);
    expect((await operator("unlock", "resource", "db-prod")).code).toBe(0);
    expect((await ask(alice)).status).toBe(201);
  });

  it("says so, and goes on, when the target does not answer", async () => {
    const request = await approvedRequest(alice, bob);
    await openSession(await issue(alice, request, "window"));
    arena.proxy.refuse();
    const said = await operator("lock", "resource", "db-prod", "--reason", "breach");
    expect(said.code).toBe(1);
    expect(said.stdout).toMatch(/NOT PROVEN YET: 1 credential/);
    arena.proxy.pass();
    await eventually("the role is gone", 30_000, async () => (await arena.roles()).length === 0);
  });
});

describe("an admin who is signed in", () => {
  it("locks and unlocks as an operator does, by name on record, but not themselves; nobody else may", async () => {
    const lock = { on: "resource", name: "db-prod", reason: "hands off" };
    expect(await bob.call("POST", "/v1/locks", lock)).toMatchObject({ status: 403, body: { code: "not_permitted" } });
    expect(await dave.call("POST", "/v1/locks", { ...lock, on: "principal", name: "dave" })).toMatchObject({
      status: 403,
    });
    expect((await dave.call("POST", "/v1/locks", lock)).status).toBe(201);
    expect((await auditOf(carol, "&kind=lock.set")).at(-1)).toMatchObject({
      actor: { name: "dave" },
      resource: "db-prod",
    });
    expect((await dave.call("POST", "/v1/locks/lift", { on: "resource", name: "db-prod" })).status).toBe(200);
  });
});
