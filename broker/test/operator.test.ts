import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ReconcileReply, StatusReply } from "../src/admin/contract.js";
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
  [alice, bob, carol] = await Promise.all([arena.signIn("alice"), arena.signIn("bob"), arena.signIn("carol")]);
});
afterAll(() => arena?.close());
beforeEach(() => arena.proxy.pass());

const operator = (...args: string[]) => runOperator(arena.configFile, ...args);
const status = async () => JSON.parse((await operator("status", "--json")).stdout) as StatusReply;
const show = async (request: RequestView) =>
  (await alice.call<RequestView>("GET", `/v1/requests/${request.request}`)).body;
const kinds = async (kind: string) => auditOf(carol, `&kind=${kind}`);
async function heldLease(): Promise<{ request: RequestView; lease: string; role: string; url: string }> {
  const approved = await approvedRequest(alice, bob);
  const lease = await issue(alice, approved, "window");
  await alice.call("POST", `/v1/leases/${lease.lease}/acknowledge`, {});
  return {
    request: approved,
    lease: lease.lease,
    role: lease.environment.PGUSER ?? "",
    url: lease.environment.DATABASE_URL ?? "",
  };
}

describe("phi-broker status", () => {
  it("says that all is well, and exits 0", async () => {
    const said = await operator("status");
    expect(said).toMatchObject({ code: 0, stderr: "" });
    expect(said.stdout).toMatch(/ready/);
    expect(said.stdout).toMatch(/db-prod +yes/);
  });

  it("is for the broker's own account: the socket is closed to everybody else", () => {
    expect(statSync(`${arena.databaseFile}.sock`).mode & 0o777).toBe(0o600);
  });

  it("says clearly when no broker runs there", async () => {
    const elsewhere = join(arena.folder, "elsewhere.yaml");
    writeFileSync(elsewhere, readFileSync(arena.configFile, "utf8").replace("file:./phi.db", "file:./other.db"));
    const said = await runOperator(elsewhere, "status");
    expect(said.code).toBe(1);
    expect(said.stderr).toMatch(/No broker runs there/);
  });
});

describe("a target that does not answer", () => {
  it("is tried by one probe at a time, is plain to see, and is drained when it is back", async () => {
    const leases = await Promise.all(Array.from({ length: 6 }, () => heldLease()));
    arena.proxy.refuse();
    const [first, ...others] = leases;
    await alice.call("POST", `/v1/requests/${first?.request.request}/end`, {});
    await eventually("the breaker is open", 10_000, async () => (await status()).targets[0]?.breaker === "open");
    const began = Date.now();
    for (const { request } of others) await alice.call("POST", `/v1/requests/${request.request}/end`, {});
    expect(Date.now() - began, "nobody waits for a target that is known to be down").toBeLessThan(5_000);

    await eventually("overdue", 25_000, async () => (await status()).overdue.count === 6);
    const said = await operator("status");
    expect(said.code).toBe(1);
    expect(said.stdout).toMatch(/db-prod +no, since/);
    expect(said.stdout).toContain('phi-broker leases abandon LEASE --reason "…"');
    expect((await operator("leases", "list")).stdout).toContain("the connection was reset");
    const metrics = await scrape();
    expect(Number(/^phi_oldest_overdue_seconds (.+)$/m.exec(metrics)?.[1])).toBeGreaterThan(9);
    expect(metrics).toContain('phi_breaker_open{resource="db-prod"} 1');
    expect(metrics).toContain('phi_leases{state="revoking"} 6');
    const tries = (await kinds("lease.revocation_failed")).length;
    expect(tries, "probes, not every lease again and again").toBeLessThan(12);
    expect(await kinds("lease.overdue")).toHaveLength(6);

    arena.proxy.pass();
    await eventually("drained", 30_000, async () => (await status()).leases.revoking === 0);
    expect((await operator("status")).code).toBe(0);
    expect(await arena.roles()).toEqual([]);
    expect(await scrape()).toContain('phi_breaker_open{resource="db-prod"} 0');
  }, 90_000);

  it("may be given up on by an operator only, with a reason, and what stays behind is named", async () => {
    const { request, lease, role } = await heldLease();
    const live = await operator("leases", "abandon", lease, "--reason", "x");
    expect(live.code, "not what is in use").toBe(1);
    arena.proxy.refuse();
    await alice.call("POST", `/v1/requests/${request.request}/end`, {});
    expect((await operator("leases", "abandon", lease)).code, "not without a reason").toBe(2);
    const blank = await operator("leases", "abandon", lease, "--reason", " ");
    expect(blank).toMatchObject({ code: 2, stderr: expect.stringContaining("say why") });
    const listed = await operator("leases", "list", "--state", "revoking", "--json");
    expect(JSON.parse(listed.stdout).leases).toMatchObject([{ lease, handle: role, state: "revoking" }]);

    const said = await operator("leases", "abandon", lease, "--reason", "server was scrapped");
    expect(said).toMatchObject({ code: 0 });
    expect(said.stdout).toContain(`LEFT BEHIND on db-prod: ${role}`);
    expect((await show(request)).leases).toMatchObject([{ state: "abandoned" }]);
    const [event] = await kinds("lease.abandoned");
    expect(event?.data).toMatchObject({
      reason: "server was scrapped",
      left: role,
      operator: expect.stringMatching(/uid/),
    });
    arena.proxy.pass();
    expect(JSON.parse((await operator("reconcile", "--json")).stdout)).toMatchObject({
      targets: [{ outcome: "matches", abandoned: { count: 1, handles: [role] } }],
    });
    expect((await operator("reconcile", "--dry-run")).stdout).toContain("1 abandoned and still there");
    await arena.admin.query(`drop role ${role}`);
  }, 60_000);
});

describe("the sweep", () => {
  it("revokes a credential of this broker's that nobody has on record, session included", async () => {
    const { role } = await heldLease();
    const stranger = role.replace(/[a-z0-9]{16}$/, "zzzzzzzzzzzzzzzz");
    // As the broker's own account: what a stranger's account made it has no right to remove, and would say so.
    await arena.admin.query(`begin; set local role phi_broker; create role ${stranger} login password 'x'; grant app_readonly to ${stranger};
      grant ${stranger} to phi_broker; commit`);
    const live = await arena.admin.query<{ url: string }>("select current_database() as url");
    const url = new URL(`postgresql://${stranger}:x@127.0.0.1:${arena.postgres.port}/${live.rows[0]?.url}`);
    const { ended } = await openSession(url.href);
    const look = JSON.parse((await operator("reconcile", "--dry-run", "--json")).stdout) as ReconcileReply;
    expect(look.targets).toMatchObject([{ outcome: "would_mend", unknown: { count: 1, handles: [stranger] } }]);
    expect(await arena.roles()).toContain(stranger);

    expect((await operator("reconcile")).code).toBe(0);
    await eventually("the stranger is gone", 10_000, async () => !(await arena.roles()).includes(stranger));
    await ended;
    expect(await arena.roles(), "what is on record stays").toContain(role);
    expect(await kinds("lease.found")).toMatchObject([{ data: { handle: stranger } }]);
    await endAll();
  });

  it("records a live lease whose credential somebody else took away, and ends it", async () => {
    const { request, role } = await heldLease();
    await arena.admin.query(`drop role ${role}`);
    expect((await operator("reconcile")).stdout).toMatch(/gone from the target/);
    await eventually("it has ended", 10_000, async () => (await show(request)).leases[0]?.state === "revoked");
    expect(await kinds("lease.lost")).toMatchObject([{ data: { handle: role }, request: request.request }]);
    await endAll();
  });
});

describe("a backup", () => {
  it("is a checked copy for the broker's account alone, taken while it runs, and overwrites nothing", async () => {
    const file = join(arena.folder, "copy.db");
    const said = await operator("backup", file, "--json");
    expect(said).toMatchObject({ code: 0 });
    expect(JSON.parse(said.stdout)).toMatchObject({ file, events: expect.any(Number) });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await operator("backup", file)).stderr).toMatch(/is there already/);
    expect(await kinds("ledger.backed_up")).toHaveLength(1);
  });

  it("that is restored is recognised: nothing is issued or mass-revoked until an operator adopts it", async () => {
    const before = await heldLease();
    const file = join(arena.folder, "restored.db");
    expect((await operator("backup", file)).code).toBe(0);
    const after = await heldLease();
    const { client } = await openSession(after.url);
    const signed = Math.max(...(await auditOf(carol)).map(({ seq }) => seq));
    await eventually("what was signed since the backup is remembered outside the ledger", 5_000, async () => {
      const head = JSON.parse(readFileSync(`${arena.databaseFile}.log-key.head`, "utf8")) as { size: number };
      return head.size >= signed;
    });

    await arena.broker().kill();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${arena.databaseFile}${end}`, { force: true });
    copyFileSync(file, arena.databaseFile);
    await arena.restart();

    const said = await operator("status");
    expect(said.code).toBe(1);
    expect(said.stdout).toMatch(/has seen a newer ledger/);
    expect(said.stdout).toContain("phi-broker reconcile --adopt");
    expect((await arena.roles()).sort()).toEqual([before.role, after.role].sort());
    await client.query("select 1");
    const refused = await alice.call("POST", "/v1/leases", {
      request: before.request.request,
      use: "command",
      command: ["psql"],
      host: "h",
    });
    expect(refused).toMatchObject({ status: 503, body: { code: "target_unavailable" } });
    const look = await operator("reconcile", "--json");
    expect(look.code).toBe(1);
    expect(JSON.parse(look.stdout)).toMatchObject({
      targets: [{ outcome: "outdated", unknown: { handles: [after.role] } }],
    });
    expect(await kinds("ledger.outdated")).toHaveLength(1);

    expect((await operator("reconcile", "--adopt")).code).toBe(0);
    await eventually("what the ledger had forgotten is gone", 10_000, async () => {
      const roles = await arena.roles();
      return roles.length === 1 && roles[0] === before.role;
    });
    await expect(client.query("select 1")).rejects.toThrow();
    expect((await kinds("ledger.adopted"))[0]?.data).toMatchObject({ operator: expect.stringMatching(/uid/) });
    expect((await kinds("lease.found")).at(-1)).toMatchObject({ lease: after.lease });
    // What was signed after the backup is gone from the ledger, which nobody is to overlook.
    const unsigned = await operator("status");
    expect(unsigned.code).toBe(1);
    expect(unsigned.stdout).toContain("phi-broker audit adopt-head");
    expect((await operator("audit", "adopt-head")).code, "not without a reason").toBe(2);
    expect(await operator("audit", "adopt-head", "--reason", "restored")).toMatchObject({ code: 0 });
    expect((await kinds("log.adopted"))[0]?.data).toMatchObject({
      reason: "restored",
      origin: expect.stringMatching(/\/2$/),
    });
    expect((await operator("status")).code).toBe(0);
    await issue(alice, before.request);
    await endAll();
  }, 60_000);

  it("that is restored after everything newer has ended is recognised too, by the mark on the target", async () => {
    const file = join(arena.folder, "quiet.db");
    expect((await operator("backup", file)).code).toBe(0);
    await arena.broker().stop();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${arena.databaseFile}${end}`, { force: true });
    copyFileSync(file, arena.databaseFile);
    await arena.restart();
    expect((await operator("status")).stdout).toMatch(/carries the mark/);
    expect((await operator("reconcile", "--adopt")).code).toBe(0);
    expect((await operator("audit", "adopt-head", "--reason", "restored")).code).toBe(0);
    await arena.broker().stop();
    await arena.restart();
    expect((await operator("status")).code, "a plain restart is no restore").toBe(0);
  }, 60_000);
});

/** Ends what a test left open, so that the next begins with none. */
async function endAll(): Promise<void> {
  const { body } = await alice.call<{ requests: RequestView[] }>("GET", "/v1/requests?scope=mine&limit=100");
  for (const one of body.requests) if (one.mayEnd) await alice.call("POST", `/v1/requests/${one.request}/end`, {});
  await eventually("nothing is left", 40_000, async () => (await arena.roles()).length === 0);
}

const scrape = () => readMetrics(arena);
