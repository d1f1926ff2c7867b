import { afterAll, beforeAll, expect, it } from "vitest";
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

let arena: Arena;
let alice: Voice;
let bob: Voice;
beforeAll(async () => {
  arena = await openArena();
  [alice, bob] = await Promise.all([arena.signIn("alice"), arena.signIn("bob")]);
});
afterAll(() => arena?.close());

const RUNS = 20;

it(`within 1 s of the end of the window the live session is gone and the credential dead, ${RUNS} of ${RUNS} times`, async () => {
  const lags = await Promise.all(
    Array.from({ length: RUNS }, async (_, index) => {
      const request = await approvedRequest(alice, bob, { duration: 3 });
      await new Promise((resolve) => setTimeout(resolve, index * 97)); // so that the ends fall on different instants
      const lease = await issue(alice, request);
      const { client, ended } = await openSession(lease);
      await client.query("select count(*) from orders");
      const closed = await ended;
      await expect(openSession(lease)).rejects.toThrow(
        /password authentication failed|is not permitted to log in|does not exist/,
      );
      const dead = Date.now();
      const end = Date.parse(lease.expiresAt);
      expect(closed, "not cut before the end of the window").toBeGreaterThanOrEqual(end - 5);
      return { session: closed - end, login: dead - end };
    }),
  );
  const sessions = lags.map((lag) => lag.session).sort((a, b) => a - b);
  process.stdout.write(
    `revocation lag, ms after the window: median ${sessions[RUNS / 2]}, maximum ${sessions.at(-1)} of ${RUNS}\n`,
  );
  expect(Math.max(...lags.map((lag) => lag.login))).toBeLessThan(1_000);

  await eventually(
    "all leases proven revoked",
    5_000,
    async () => (await auditOf(alice, "&kind=lease.revoked")).length === RUNS,
  );
  expect(await arena.roles()).toEqual([]);
  const left = await arena.admin.query(
    "select 1 from pg_stat_activity where usename like 'phi\\_%' and usename <> 'phi_broker'",
  );
  expect(left.rowCount).toBe(0);
});

it("a revoked request takes the live session with it before the answer arrives", async () => {
  const request = await approvedRequest(alice, bob);
  const { client, ended } = await openSession(await issue(alice, request));
  await client.query("select 1");
  const answer = await bob.call("POST", `/v1/requests/${request.request}/revoke`, { reason: "wrong database" });
  expect(answer).toMatchObject({
    status: 200,
    body: { state: "ended", endedBecause: "revoked", endComment: "wrong database", leases: [{ state: "revoked" }] },
  });
  await ended;
  expect(await arena.roles()).toEqual([]);
});

it("the holder's early end does the same, and a second end changes nothing", async () => {
  const request = await approvedRequest(alice, bob);
  const { ended } = await openSession(await issue(alice, request));
  expect(await alice.call("POST", `/v1/requests/${request.request}/end`, {})).toMatchObject({
    status: 200,
    body: { endedBecause: "ended_by_holder" },
  });
  await ended;
  expect(await alice.call("POST", `/v1/requests/${request.request}/end`, {})).toMatchObject({
    status: 409,
    body: { code: "wrong_state" },
  });
  expect(
    await alice.call("POST", "/v1/leases", { request: request.request, use: "command", command: ["psql"], host: "h" }),
  ).toMatchObject({
    status: 409,
    body: { code: "window_over" },
  });
});

it("two leases of one request end apart from each other: one command's end does not cut the other's session", async () => {
  const request = await approvedRequest(alice, bob);
  const [first, second] = [await issue(alice, request), await issue(alice, request)];
  expect(second.expiresAt, "a second command does not move the end of the window").toBe(first.expiresAt);
  const { client } = await openSession(second);
  expect(
    await alice.call("POST", `/v1/leases/${first.lease}/end`, { exitCode: 0, because: "command_ended" }),
  ).toMatchObject({ body: { state: "revoked" } });
  expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await client.end();
  await alice.call("POST", `/v1/leases/${second.lease}/end`, { exitCode: 0, because: "command_ended" });
  expect(await arena.roles()).toEqual([]);
});
