import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { startBroker } from "@phi/scripts/environment/broker";
import { ADMIN_URL_VARIABLE } from "@phi/scripts/environment/broker-config";
import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { StatusReply } from "../src/admin/contract.js";
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
import { runOperator } from "./operator.testing.js";

let arena: Arena;
let alice: Voice;
let bob: Voice;
beforeAll(async () => {
  arena = await openArena();
  [alice, bob] = await Promise.all([arena.signIn("alice"), arena.signIn("bob")]);
});
afterAll(() => arena?.close());
beforeEach(() => arena.proxy.pass());

const show = async (request: RequestView) =>
  (await alice.call<RequestView>("GET", `/v1/requests/${request.request}`)).body;

async function breaker(): Promise<string | undefined> {
  const { stdout } = await runOperator(arena.configFile, "status", "--json");
  return (JSON.parse(stdout) as StatusReply).targets.find(({ resource }) => resource === "db-prod")?.breaker;
}

describe("a target that is down", () => {
  it("when a credential is asked for: a clear answer, nothing half-made, and the request stays usable with its whole window", async () => {
    const request = await approvedRequest(alice, bob, { duration: 600 });
    arena.proxy.refuse();
    const reply = await alice.call("POST", "/v1/leases", {
      request: request.request,
      use: "command",
      command: ["psql"],
      host: "h",
    });
    expect(reply).toMatchObject({ status: 503, body: { code: "target_unavailable" } });
    expect(await show(request)).toMatchObject({ state: "approved", mayUse: true });
    expect(await breaker(), "the failed issue was warning enough").not.toBe("closed");
    arena.proxy.pass();
    const before = Date.now();
    const lease = await issue(alice, request);
    expect(Date.parse(lease.expiresAt)).toBeGreaterThanOrEqual(before + 600_000 - 50);
    expect(await breaker(), "a credential was made, so the target answers").toBe("closed");
    await alice.call("POST", `/v1/requests/${request.request}/end`, {});
    await eventually("also the failed lease is proven gone", 45_000, async () =>
      (await show(request)).leases.every((one) => one.state === "revoked"),
    );
    expect(await arena.roles()).toEqual([]);
  }, 60_000);

  it("when a window ends: retried, visible, counted as overdue, and revoked when it is back", async () => {
    const request = await approvedRequest(alice, bob, { duration: 2 });
    const { ended } = await openSession(await issue(alice, request));
    arena.proxy.refuse();
    const trying = await eventually("failed attempts are visible", 10_000, async () => {
      const { leases, state } = await show(request);
      return state === "ended" && (leases[0]?.attempts ?? 0) >= 2 && leases[0];
    });
    expect(trying).toMatchObject({ state: "revoking", lastError: expect.stringMatching(/./) });
    await eventually(
      "it is overdue and loud",
      25_000,
      async () => (await show(request)).leases[0]?.overdueSince !== undefined,
    );
    arena.proxy.pass();
    await eventually("it is revoked", 30_000, async () => (await show(request)).leases[0]?.state === "revoked");
    await ended;
    expect(await arena.roles()).toEqual([]);
    const kinds = (await auditOf(alice, `&request=${request.request}`)).map((event) => event.kind);
    expect(kinds.filter((kind) => kind === "lease.overdue")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "lease.revoked")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "lease.revocation_failed").length).toBeGreaterThanOrEqual(2);
  }, 90_000);
});

describe("a target that swallows everything", () => {
  it("does not keep whoever gives access back waiting: the answer comes, and says that the revocation goes on", async () => {
    const request = await approvedRequest(alice, bob);
    await issue(alice, request);
    arena.proxy.blackHole();
    const asked = Date.now();
    const reply = await alice.call<RequestView>("POST", `/v1/requests/${request.request}/end`, {});
    expect(Date.now() - asked).toBeLessThan(8_000);
    expect(reply).toMatchObject({ status: 200, body: { state: "ended", leases: [{ state: "revoking" }] } });
    arena.proxy.pass();
    await eventually(
      "it is revoked soon after the target is back",
      25_000,
      async () => (await show(request)).leases[0]?.state === "revoked",
    );
    expect(await arena.roles()).toEqual([]);
  }, 60_000);
});

describe("a broker that is told to stop while its target hangs", () => {
  it("ends within its time, with its stop on record, and the next one finishes the revocation", async () => {
    const request = await approvedRequest(alice, bob);
    await issue(alice, request);
    arena.proxy.blackHole();
    await alice.call("POST", `/v1/requests/${request.request}/end`, {});
    const told = Date.now();
    await arena.broker().stop();
    expect(await arena.broker().exited).toBe(0);
    expect(Date.now() - told).toBeLessThan(14_000);
    arena.proxy.pass();
    await arena.restart();
    const stops = await auditOf(await arena.signIn("carol"), "&kind=broker.stopped");
    expect(stops.some(({ at }) => Date.parse(at) >= told)).toBe(true);
    await eventually(
      "it is revoked by the next broker",
      25_000,
      async () => (await show(request)).leases[0]?.state === "revoked",
    );
    expect(await arena.roles()).toEqual([]);
  }, 60_000);
});

describe("a broker that is told to stop while a credential is being made on a target that hangs", () => {
  it("gives it up, on record, ends within its time, and the next one proves that nothing is left", async () => {
    const request = await approvedRequest(alice, bob);
    arena.proxy.blackHole();
    const order = { request: request.request, use: "command", command: ["psql"], host: "h" };
    const asked = alice.call("POST", "/v1/leases", order).catch(() => undefined);
    await eventually("it is under way", 5_000, async () => (await show(request)).leases[0]?.state === "issuing");
    const told = Date.now();
    await arena.broker().stop();
    expect(await arena.broker().exited).toBe(0);
    expect(Date.now() - told).toBeLessThan(8_000);
    await asked;
    arena.proxy.pass();
    await arena.restart();
    const since = (await auditOf(await arena.signIn("carol"), "")).filter(({ at }) => Date.parse(at) >= told);
    const kinds = since.map(({ kind }) => kind);
    expect(kinds.slice(0, kinds.indexOf("broker.started"))).toEqual(["lease.issue_failed", "broker.stopped"]);
    await eventually(
      "the next broker has proven it gone",
      45_000,
      async () => (await show(request)).leases[0]?.state === "revoked",
    );
    expect(await arena.roles()).toEqual([]);
  }, 90_000);
});

describe("a CLI that falls silent", () => {
  it("loses its lease after 30 s without a heartbeat, live session included, and the session's end is on record", async () => {
    const request = await approvedRequest(alice, bob);
    const [silent, beating] = [await issue(alice, request), await issue(alice, request)];
    const { ended } = await openSession(silent);
    const other = await openSession(beating);
    const beat = setInterval(
      () => void alice.call("POST", `/v1/leases/${beating.lease}/heartbeat`).catch(() => undefined),
      5_000,
    );
    const issuedAt = Date.now();
    const closed = await ended;
    expect(closed - issuedAt).toBeGreaterThan(28_000);
    expect(closed - issuedAt).toBeLessThan(33_000);
    expect((await other.client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    clearInterval(beat);
    await other.client.end();
    const events = await auditOf(alice, `&request=${request.request}`);
    expect(events.find((event) => event.kind === "session.ended" && event.lease === silent.lease)).toMatchObject({
      data: { because: "heartbeat_lost" },
    });
    await alice.call("POST", `/v1/requests/${request.request}/end`, {});
  }, 60_000);
});

describe("the store", () => {
  it("with a full disk refuses the action, records nothing by halves, and works again when there is room", async () => {
    const before = await auditOf(alice);
    const { pid } = arena.broker();
    // No page of the write-ahead log, which begins anew now and then, can be written: what a full disk does, without a file system of our own.
    execFileSync("prlimit", ["--pid", String(await brokerPid(pid)), "--fsize=4096:unlimited"]);
    const order = { resource: "db-prod", role: "readonly", duration: 60, reason: "full" };
    const refused = await alice.call("POST", "/v1/requests", order);
    expect(refused).toMatchObject({
      status: 503,
      body: { code: "store_unavailable", hint: expect.stringContaining("Nothing was changed") },
    });
    execFileSync("prlimit", ["--pid", String(await brokerPid(pid)), "--fsize=unlimited:unlimited"]);
    expect((await auditOf(alice)).length).toBe(before.length);
    expect((await alice.call("POST", "/v1/requests", order)).status).toBe(201);
  });

  it("is one broker's: a second one refuses to start and says why", async () => {
    const second = startBroker({
      configFile: arena.configFile,
      logFile: `${arena.logFile}.second`,
      env: { [ADMIN_URL_VARIABLE]: "postgres://x:y@127.0.0.1:1/z" },
    });
    await expect(second).rejects.toThrow(/Another broker .*has the database .* open/);
  });
});

/** The environment may have put a guard before it: the broker is the process that has the database open. */
async function brokerPid(pid: number): Promise<number> {
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
  if (/phi-broker/.test(command) && /node/.test(command.split("\0")[0] ?? "")) return pid;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return Number(children[0]);
}
