import { readFileSync, writeFileSync } from "node:fs";
import type { RequestView } from "@phi/shared/contract/request";
import type { WhyReply } from "@phi/shared/contract/why";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arena, approvedRequest, auditOf, eventually, openArena, type Voice } from "./arena.testing.js";

const MORE = `
  - name: the people on call help themselves
    requesters: [group:oncall]
    resources: ["db-*"]
    roles: [readonly, readwrite]
    maxDuration: 15m
    ticket: required
    ticketPattern: "INC-\\\\d{1,6}"
  - name: nobody new changes anything
    effect: deny
    requesters: [group:newcomers]
    resources: ["*"]
    roles: [readwrite]
    message: ask your mentor
`;

let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
let erin: Voice;
let finn: Voice;
beforeAll(async () => {
  const somebody = (login: string, ...groups: string[]) => ({
    login,
    name: login,
    email: `${login}@example.test`,
    groups,
  });
  arena = await openArena({
    extraPeople: [somebody("erin", "engineering", "oncall"), somebody("finn", "engineering", "newcomers")],
    config: (text) => text + MORE,
  });
  [alice, bob, carol, erin, finn] = await Promise.all([
    arena.signIn("alice"),
    arena.signIn("bob"),
    arena.signIn("carol"),
    arena.signIn("erin"),
    arena.signIn("finn"),
  ]);
});
afterAll(() => arena?.close());

const order = { resource: "db-prod", role: "readwrite", duration: 600, reason: "INC-42" };
const ask = (who: Voice, over: Record<string, unknown> = {}) =>
  who.call<RequestView & { detail: string; hint: string }>("POST", "/v1/requests", { ...order, ...over });
const why = (who: Voice, query: string) => who.call<WhyReply>("GET", `/v1/why?resource=db-prod&${query}`);
const verdicts = ({ rules }: WhyReply) => rules.map((one) => [one.rule, one.verdict]);

describe("a policy with several rules", () => {
  it("gives at once what an easier rule allows, and asks for a yes where only the harder one fits", async () => {
    expect((await ask(erin, { ticket: "INC-42" })).body).toMatchObject({
      state: "approved",
      policy: "the people on call help themselves",
    });
    expect((await ask(erin)).body).toMatchObject({ state: "pending", policy: "engineers change production" });
    expect((await ask(erin, { ticket: "what Bob said" })).body.state).toBe("pending");
    expect((await ask(erin, { ticket: "INC-42", duration: 1_800 })).body.state).toBe("pending");
  });

  it("lets a deny rule win, and says its message", async () => {
    expect(await ask(finn)).toMatchObject({
      status: 403,
      body: { code: "refused_by_policy", detail: expect.stringContaining("ask your mentor") },
    });
    expect((await ask(finn, { role: "readonly" })).status).toBe(201);
  });
});

describe("phi's explanation", () => {
  it("tells the same answer as asking, which rules were about it, and what would make it easier", async () => {
    const { body } = await why(erin, "role=readwrite&duration=600&reason=INC-42");
    expect(body).toMatchObject({
      decision: "needs_approval",
      policy: "engineers change production",
      rulesForOthers: 1,
    });
    expect(verdicts(body)).toEqual([
      ["engineers change production", "decides"],
      ["the people on call help themselves", "does_not_fit"],
    ]);
    expect(body.changes).toEqual([
      'with --ticket like INC-\\d{1,6}: allowed at once ("the people on call help themselves")',
    ]);
  });

  it("keeps rules for other people, and resources one may not ask for, to those who may audit", async () => {
    expect(JSON.stringify((await why(alice, "role=readwrite")).body)).not.toContain("on call");
    const all = (await why(carol, "role=readwrite&as=alice&reason=x")).body;
    expect(all).toMatchObject({ decision: "needs_approval", who: { subject: "alice" }, rulesForOthers: 0 });
    expect(verdicts(all)).toContainEqual(["the people on call help themselves", "names_others"]);
    expect(all.changes).toEqual(['in group:oncall: allowed at once ("the people on call help themselves")']);
    expect(await why(alice, "role=readwrite&as=bob")).toMatchObject({ status: 403, body: { code: "not_permitted" } });
    expect(await why(carol, "role=readwrite")).toMatchObject({ body: { decision: "refused" } });
    expect(await alice.call("GET", "/v1/why?resource=db-secret")).toMatchObject({ status: 404 });
  });

  it("of a locked resource is the lock's, as asking is", async () => {
    const dave = await arena.signIn("dave");
    expect(
      (await dave.call("POST", "/v1/locks", { on: "resource", name: "db-prod", reason: "migration" })).status,
    ).toBe(201);
    const { body } = await why(alice, "role=readonly&reason=INC-42");
    expect(body).toMatchObject({
      decision: "refused",
      summary: expect.stringContaining("migration"),
      changes: ["when the lock is lifted"],
    });
    expect(body.rules.some((one) => one.verdict === "decides")).toBe(false);
    expect(await ask(alice)).toMatchObject({ status: 403, body: { code: "locked" } });
    expect((await dave.call("POST", "/v1/locks/lift", { on: "resource", name: "db-prod" })).status).toBe(200);
  });

  it("answers for somebody who never signed in only with the groups they would have", async () => {
    expect(await why(carol, "role=readonly&as=nobody")).toMatchObject({ status: 404 });
    const { body } = await why(carol, "role=readonly&as=nobody&groups=engineering&reason=x");
    expect(body).toMatchObject({ decision: "needs_approval", who: { subject: "nobody", groups: ["engineering"] } });
  });
});

describe("changed policies", () => {
  const reloads = async () =>
    (await auditOf(carol, "&kind=policy")).map((event) => [
      event.kind,
      event.data.from ?? event.data.kept,
      event.data.to,
    ]);
  const hashNow = async () => (await why(alice, "role=readonly")).body.policyHash;
  const rewrite = (change: (text: string) => string) =>
    writeFileSync(arena.configFile, change(readFileSync(arena.configFile, "utf8")));

  it("hold from the next question on, without a restart, when the broker is told to look or sees the file change", async () => {
    const before = await hashNow();
    rewrite((text) => text.replace("maxDuration: 4h", "maxDuration: 5m"));
    process.kill(arena.broker().pid, "SIGHUP");
    const after = await eventually("told to look", 5_000, async () => {
      const now = await hashNow();
      return now !== before && now;
    });
    expect(await ask(alice, { role: "readonly" })).toMatchObject({
      status: 403,
      body: { hint: expect.stringContaining("--for 5m") },
    });
    expect((await auditOf(carol, "&kind=request.refused")).at(-1)?.data.policyHash).toBe(after);
    rewrite((text) => text.replace("maxDuration: 5m", "maxDuration: 4h"));
    await eventually("seen by itself", 15_000, async () => (await hashNow()) === before);
    expect(await reloads()).toEqual([
      ["policy.reloaded", before, after],
      ["policy.reloaded", after, before],
    ]);
  });

  it("with a mistake are not taken over by halves: the present ones stay, and it is on record", async () => {
    const before = await hashNow();
    const written = readFileSync(arena.configFile, "utf8");
    rewrite((text) =>
      text.replace("maxDuration: 4h", "maxDuration: 5m").replace("ticket: required", "ticket: reqired"),
    );
    process.kill(arena.broker().pid, "SIGHUP");
    const failure = await eventually("on record", 5_000, async () => {
      const last = (await auditOf(carol, "&kind=policy")).at(-1);
      return last?.kind === "policy.reload_failed" && last;
    });
    expect(failure.data).toMatchObject({ kept: before, error: expect.stringContaining("did you mean required?") });
    expect(await hashNow()).toBe(before);
    expect((await ask(alice, { role: "readonly" })).status).toBe(201);
    writeFileSync(arena.configFile, written);
  });

  it("that no longer name somebody end what they were given before its first use", async () => {
    const request = await approvedRequest(alice, bob, { role: "readonly" });
    const written = readFileSync(arena.configFile, "utf8");
    const before = await hashNow();
    rewrite((text) => text.replace("    requesters: [group:engineering]", "    requesters: [group:nobody]"));
    process.kill(arena.broker().pid, "SIGHUP");
    await eventually("taken over", 5_000, async () => (await why(carol, "role=readonly")).body.policyHash !== before);
    const lease = { request: request.request, use: "command", command: ["psql"], host: "test" };
    expect(await alice.call("POST", "/v1/leases", lease)).toMatchObject({
      status: 403,
      body: { code: "refused_by_policy" },
    });
    writeFileSync(arena.configFile, written);
    process.kill(arena.broker().pid, "SIGHUP");
    await eventually("taken over", 5_000, async () => (await hashNow()) === before);
    expect(await alice.call("POST", "/v1/leases", lease)).toMatchObject({ status: 201 });
  });
});
