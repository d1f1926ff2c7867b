import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@libsql/client";
import { ADMIN_URL_VARIABLE } from "@phi/scripts/environment/broker-config";
import { type Caller, signInAt } from "@phi/scripts/environment/caller";
import { freePort } from "@phi/scripts/environment/free-port";
import { type Issuer, startIssuer } from "@phi/scripts/environment/issuer";
import { type Orders, seedOrders } from "@phi/scripts/environment/orders";
import { type Postgres, startPostgres } from "@phi/scripts/environment/postgres";
import type { LeaseReply } from "@phi/shared/contract/lease";
import type { RequestView } from "@phi/shared/contract/request";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningBroker, startBroker } from "../src/compose.js";
import { loadConfig } from "../src/config/load.js";
import { createJsonLog } from "../src/log/json-log.js";
import { createProviders } from "../src/providers/registry.js";
import { openSession } from "./arena.testing.js";

const DAY = 86_400_000;
/** Its clocks change on 14 March and 7 November 2027. */
const ZONE = "America/New_York";

let postgres: Postgres;
let issuer: Issuer;
let orders: Orders;
let admin: pg.Pool;
let folder: string;
let broker: RunningBroker;
let alice: Caller;
const zoneBefore = process.env.TZ;

beforeAll(async () => {
  process.env.TZ = ZONE;
  folder = mkdtempSync(join(tmpdir(), "phi-time-"));
  [postgres, issuer] = await Promise.all([startPostgres({ settings: { timezone: ZONE } }), startIssuer()]);
  orders = await seedOrders(postgres);
  admin = new pg.Pool({ connectionString: postgres.adminUrl, max: 1 });
  admin.on("error", () => undefined);
  writeFileSync(
    join(folder, "phi.yaml"),
    `
listen: 127.0.0.1:${await freePort()}
database: file:./phi.db
issuer: { url: "${issuer.url}", clientId: phi-cli }
signIn: { maxAge: 30d }
resources:
  db-prod:
    kind: postgres
    url: \${env:${ADMIN_URL_VARIABLE}}
    roles: { readonly: { memberOf: [app_readonly] } }
policies:
  - { name: at once, requesters: [group:engineering], resources: [db-prod], roles: [readonly], maxDuration: 365d }
`,
  );
  await start();
  alice = await signInAt(broker.url, issuer.url, "alice");
});

afterAll(async () => {
  await broker?.stop();
  await admin?.end();
  await Promise.all([postgres?.stop(), issuer?.stop()]);
  rmSync(folder, { recursive: true, force: true });
  if (zoneBefore === undefined) delete process.env.TZ;
  else process.env.TZ = zoneBefore;
});

async function start(): Promise<void> {
  const providers = createProviders();
  const kinds = Object.fromEntries(Object.entries(providers).map(([kind, { schema }]) => [kind, schema]));
  const config = await loadConfig(join(folder, "phi.yaml"), {
    env: { [ADMIN_URL_VARIABLE]: orders.brokerUrl },
    kinds,
  });
  broker = await startBroker({
    config,
    version: "test",
    providers,
    clock: { now: Date.now },
    log: createJsonLog(() => undefined),
  });
}

/** A lease that stays until the end of its window of `seconds`. */
async function leaseFor(seconds: number): Promise<LeaseReply> {
  const asked = await alice.call<RequestView>("POST", "/v1/requests", {
    resource: "db-prod",
    role: "readonly",
    duration: seconds,
  });
  const order = { request: asked.body.request, use: "window", command: [], host: "test" };
  const lease = await alice.call<LeaseReply>("POST", "/v1/leases", order);
  if (lease.status !== 201) throw new Error(`issuing: ${JSON.stringify(lease.body)}`);
  await alice.call("POST", `/v1/leases/${lease.body.lease}/acknowledge`);
  return lease.body;
}

async function stateOf(lease: LeaseReply): Promise<string | undefined> {
  const { body } = await alice.call<RequestView>("GET", `/v1/requests/${lease.request}`);
  return body.leases.find((one) => one.lease === lease.lease)?.state;
}

it("a window of weeks is not over at once, and ends when it does", async () => {
  const lease = await leaseFor(5 * 7 * 86_400);
  await sleep(1_200); // a timer of more than 2³¹ ms fires at once: the loop has slept twice by now
  expect(await stateOf(lease)).toBe("active");

  await broker.stop();
  const end = Date.now() + 3_000;
  const ledger = createClient({ url: `file:${join(folder, "phi.db")}` });
  for (const sql of [
    "update requests set expires_at = ?, due_at = ? where id = ?",
    "update leases set expires_at = ?, due_at = ? where request_id = ?",
  ])
    await ledger.execute({ sql, args: [end, end, lease.request] });
  ledger.close();
  await start(); // five weeks later, but for three seconds
  const { ended } = await openSession(lease);
  const late = (await ended) - end;
  expect(late, "ms after the end of the window").toBeGreaterThanOrEqual(-20);
  expect(late).toBeLessThan(1_000);
});

it("a window over a change of the clocks to and from summer time is as long as was asked for, here and on the target", async () => {
  for (const weeks of [20, 51]) {
    const before = Date.now();
    const lease = await leaseFor(weeks * 7 * 86_400);
    const end = Date.parse(lease.expiresAt);
    expect(end - weeks * 7 * DAY).toBeGreaterThanOrEqual(before);
    expect(end - weeks * 7 * DAY).toBeLessThanOrEqual(Date.now());
    const role = decodeURIComponent(new URL(lease.environment.DATABASE_URL ?? "").username);
    const { rows } = await admin.query<{ until: number }>(
      "select (extract(epoch from rolvaliduntil) * 1000)::float8 as until from pg_roles where rolname = $1",
      [role],
    );
    expect(rows[0]?.until).toBe(end);
    await alice.call("POST", `/v1/requests/${lease.request}/end`, {});
  }
});
