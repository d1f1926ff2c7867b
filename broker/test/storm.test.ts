import { setTimeout as sleep } from "node:timers/promises";
import type { RequestView } from "@phi/shared/contract/request";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Arena, approvedRequest, eventually, issue, openArena, type Voice } from "./arena.testing.js";

let arena: Arena;
let alice: Voice;
let bob: Voice;
beforeAll(async () => {
  arena = await openArena();
  [alice, bob] = await Promise.all([arena.signIn("alice"), arena.signIn("bob")]);
});
afterAll(() => arena?.close());

const RUNS = 25;
const AT_A_TIME = 5;
const CLIENTS = 4;

/** Connects again as soon as it is cut, until told to stop; counts what it got. One that does not stay also leaves by itself, at once. */
function stormAgainst(connectionString: string, stays: boolean) {
  let stopped = false;
  let connections = 0;
  let live: pg.Client | undefined;
  async function connect(): Promise<void> {
    while (!stopped) {
      const client = new pg.Client({ connectionString });
      const cut = new Promise<void>((resolve) => {
        client.on("error", () => resolve());
        client.on("end", () => resolve());
      });
      try {
        await client.connect();
        connections += 1;
        live = client;
        if (stays) await cut;
        else await client.query("select 1");
      } catch {
        await sleep(1);
      }
      if (!stopped) await client.end().catch(() => undefined);
    }
  }
  const over = connect();
  return {
    connections: () => connections,
    /** Whether the connection it had last still answers. */
    async stillAnswers(): Promise<boolean> {
      stopped = true;
      const answer = await live?.query("select 1").catch(() => undefined);
      await live?.end().catch(() => undefined);
      await over;
      return answer !== undefined;
    },
  };
}

it(`clients that reconnect in a tight loop through the end of the window have no session after it, ${RUNS} of ${RUNS} times`, async () => {
  let connections = 0;
  for (let run = 0; run < RUNS; run += AT_A_TIME) {
    await Promise.all(
      Array.from({ length: AT_A_TIME }, async () => {
        const request = await approvedRequest(alice, bob, { duration: 3 });
        const lease = await issue(alice, request, "window");
        await alice.call("POST", `/v1/leases/${lease.lease}/acknowledge`);
        const url = lease.environment.DATABASE_URL ?? "";
        const role = decodeURIComponent(new URL(url).username);
        // Names are gone with the role: a session that outlived it would be seen by its number only.
        const found = await arena.admin.query<{ oid: number }>("select oid from pg_roles where rolname = $1", [role]);
        const oid = found.rows[0]?.oid;
        const storm = Array.from({ length: CLIENTS }, (_, index) => stormAgainst(url, index === 0));

        await eventually("the lease is proven revoked", 10_000, async () => {
          const { body } = await alice.call<RequestView>("GET", `/v1/requests/${request.request}`);
          return body.leases.every(({ state }) => state === "revoked");
        });
        const sessions = await arena.admin.query(
          "select pid from pg_stat_activity where usesysid = $1 and backend_type = 'client backend'",
          [oid],
        );
        expect(sessions.rows, "sessions after the proof").toEqual([]);
        const before = storm.map((client) => client.connections());
        await sleep(100); // they go on knocking
        expect(storm.map((client) => client.connections())).toEqual(before);
        expect(await Promise.all(storm.map((client) => client.stillAnswers()))).toEqual(storm.map(() => false));
        connections += before.reduce((sum, count) => sum + count, 0);
      }),
    );
  }
  expect(connections, "the storm did blow").toBeGreaterThan(RUNS * CLIENTS);
  expect(await arena.roles()).toEqual([]);
}, 120_000);
