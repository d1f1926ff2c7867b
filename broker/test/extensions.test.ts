import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import {
  type Arena,
  approvedRequest,
  auditOf,
  eventually,
  issue,
  openArena,
  openSession,
  type Voice,
} from "./arena.testing.js";
import { readMetrics, runOperator } from "./operator.testing.js";

let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
beforeAll(async () => {
  arena = await openArena();
  [alice, bob, carol] = (await Promise.all(["alice", "bob", "carol"].map((login) => arena.signIn(login)))) as [
    Voice,
    Voice,
    Voice,
  ];
});
afterAll(() => arena?.close());
beforeEach(() => arena.proxy.pass());

const extend = (request: RequestView, duration: number, headers: Record<string, string> = {}) =>
  alice.call<RequestView>(
    "POST",
    `/v1/requests/${request.request}/extensions`,
    { duration, reason: "not done" },
    headers,
  );
const look = async (request: RequestView, who = alice) =>
  (await who.call<RequestView>("GET", `/v1/requests/${request.request}`)).body;
const sayYes = (request: RequestView) =>
  bob.call<RequestView>("POST", `/v1/requests/${request.request}/approvals`, {
    verdict: "approve",
    hash: request.hash,
  });
const kindsOf = async (request: RequestView, noun: string) =>
  (await auditOf(carol, `&request=${request.request}`)).map(({ kind }) => kind).filter((kind) => kind.startsWith(noun));
/** What PostgreSQL has as the end of the role. */
async function endOnTarget(role: string | undefined): Promise<number | undefined> {
  const sql = "select (extract(epoch from rolvaliduntil) * 1000)::float8 as until from pg_roles where rolname = $1";
  const { rows } = await arena.admin.query<{ until: number }>(sql, [role]);
  return rows[0]?.until;
}

it("a live session goes on over the old end of an extended window, new ones are let in, and at the new end all is gone", async () => {
  const request = await approvedRequest(alice, bob, { duration: 3 });
  const lease = await issue(alice, request, "window");
  await alice.call("POST", `/v1/leases/${lease.lease}/acknowledge`);
  const { client, ended } = await openSession(lease);
  const asked = await extend(request, 4);
  expect(asked).toMatchObject({ status: 201, body: { state: "pending", duration: 4, role: "readonly" } });
  const before = await look(request);
  const { body: given } = await sayYes(asked.body);
  expect(given).toMatchObject({ state: "extended", extends: { request: request.request, from: before.expiresAt } });
  const after = await look(request);
  const [from, until] = [Date.parse(before.expiresAt ?? ""), Date.parse(after.expiresAt ?? "")];
  expect(until - from).toBe(4_000);
  expect(given.extends?.until).toBe(after.expiresAt);
  // The target had it before the approver was answered.
  expect(await endOnTarget(lease.environment.PGUSER)).toBe(until);
  expect(await kindsOf(request, "lease.ext")).toEqual(["lease.extended"]);

  await eventually("the old end is over", 10_000, async () => Date.now() > from + 500);
  await client.query("select count(*) from orders");
  const another = await openSession(lease);
  await another.client.query("select 1");
  expect(await look(request)).toMatchObject({ state: "active" });
  expect(Math.abs((await ended) - until)).toBeLessThan(2_000);
  await another.ended;
  await eventually("it is over", 5_000, async () => (await look(request)).leases[0]?.state === "revoked");
  expect(await arena.roles()).toEqual([]);
  expect(await look(request)).toMatchObject({ state: "ended", endedBecause: "expired", endedAt: after.expiresAt });
}, 60_000);

it("a broker killed between the record of an extension and the target leaves a credential that follows after its restart, once", async () => {
  const request = await approvedRequest(alice, bob, { duration: 60 });
  const lease = await issue(alice, request, "window");
  await alice.call("POST", `/v1/leases/${lease.lease}/acknowledge`);
  const { body: asked } = await extend(request, 120);
  const old = await endOnTarget(lease.environment.PGUSER);
  arena.proxy.blackHole();
  const lost = sayYes(asked).catch(() => "lost");
  await eventually("it is on record", 10_000, async () => (await look(asked)).state === "extended");
  await arena.broker().kill();
  expect(await lost).toBe("lost");
  expect(await endOnTarget(lease.environment.PGUSER)).toBe(old);
  arena.proxy.pass();
  await arena.restart();
  const { expiresAt = "" } = await look(request);
  expect(Date.parse(expiresAt) - (old ?? 0)).toBe(120_000);
  await eventually(
    "the target has the new end",
    20_000,
    async () => (await endOnTarget(lease.environment.PGUSER)) === Date.parse(expiresAt),
  );
  await eventually("it is on record", 5_000, async () => (await kindsOf(request, "lease.extended")).length === 1);
  expect(await kindsOf(request, "request.extended")).toEqual(["request.extended"]);
  await alice.call("POST", `/v1/requests/${request.request}/end`, {});
  await eventually("all is gone", 10_000, async () => (await arena.roles()).length === 0);
}, 60_000);

it("a target that is down costs nobody their extension: it is answered, told, and made good when the target is back", async () => {
  const request = await approvedRequest(alice, bob, { duration: 60 });
  const lease = await issue(alice, request, "window");
  await alice.call("POST", `/v1/leases/${lease.lease}/acknowledge`);
  const { body: asked } = await extend(request, 60);
  arena.proxy.refuse();
  expect((await sayYes(asked)).body).toMatchObject({ state: "extended" });
  await eventually("it is told", 10_000, async () => (await kindsOf(request, "lease.extension_failed")).length === 1);
  const shown = await runOperator(arena.configFile, "status");
  expect(shown.code, "not all is well").toBe(1);
  expect(shown.stdout).toMatch(/^lagging +1 extended/m);
  expect(shown.stdout).toMatch(
    new RegExp(`${lease.lease}  db-prod  \\S+  can log in until .+, and its window is open until .+: \\S+`),
  );
  expect(await readMetrics(arena)).toContain("phi_lagging_leases 1");
  arena.proxy.pass();
  const until = Date.parse((await look(request)).expiresAt ?? "");
  await eventually("the target follows", 20_000, async () => (await endOnTarget(lease.environment.PGUSER)) === until);
  await eventually("it is on record", 5_000, async () => (await kindsOf(request, "lease.ext")).length === 2);
  expect(await kindsOf(request, "lease.ext")).toEqual(["lease.extension_failed", "lease.extended"]);
  expect((await runOperator(arena.configFile, "status")).stdout).toMatch(/^lagging +none$/m);
  expect(await readMetrics(arena)).toContain("phi_lagging_leases 0");
  await alice.call("POST", `/v1/requests/${request.request}/end`, {});
}, 60_000);

it("an extension is asked for once with one key, by the one whose window it is; for others it is not there", async () => {
  const request = await approvedRequest(alice, bob, { duration: 60 });
  expect(await extend(request, 60)).toMatchObject({ status: 409, body: { code: "wrong_state" } });
  await issue(alice, request);
  const key = { "idempotency-key": "one-extension" };
  const asked = await Promise.all(Array.from({ length: 10 }, () => extend(request, 60, key)));
  expect(new Set(asked.map(({ status, body }) => `${status} ${body.request}`))).toEqual(
    new Set([`201 ${asked[0]?.body.request}`]),
  );
  expect(await extend(request, 61, key)).toMatchObject({ status: 400, body: { code: "invalid_input" } });
  const path = `/v1/requests/${request.request}/extensions`;
  expect(await bob.call("POST", path, { duration: 60 })).toMatchObject({
    status: 403,
    body: { code: "not_permitted" },
  });
  const stranger = await arena.signIn("carol");
  expect(await stranger.call("POST", "/v1/requests/req_7k3m9q2x4v8a/extensions", { duration: 60 })).toMatchObject({
    status: 404,
  });
  for (const body of [{}, { duration: 0 }, { duration: 60, role: "readwrite" }, { duration: 60, state: "extended" }])
    expect(await alice.call("POST", path, body), JSON.stringify(body)).toMatchObject({ status: 400 });
  const waiting = asked[0]?.body as RequestView;
  await alice.call("POST", `/v1/requests/${request.request}/end`, {});
  expect(await look(waiting)).toMatchObject({
    state: "lapsed",
    endComment: "the access that it was to extend is over",
  });
  expect(await sayYes(waiting)).toMatchObject({ status: 409, body: { code: "already_decided" } });
}, 60_000);

it("who waits for an extension hears at once that the window has ended", async () => {
  const request = await approvedRequest(alice, bob, { duration: 60 });
  await issue(alice, request);
  const { body: asked } = await extend(request, 60);
  const stream = await fetch(`${arena.broker().url}/v1/requests/${asked.request}/events`, {
    headers: { authorization: `Bearer ${alice.token}` },
  });
  await bob.call("POST", `/v1/requests/${request.request}/revoke`, { reason: "enough" });
  // It ends with the last state there is.
  expect(await stream.text()).toContain('"state":"lapsed"');
}, 30_000);
