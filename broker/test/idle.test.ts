import type { HeartbeatReply } from "@phi/shared/contract/lease";
import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
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

/** The idle time of the policy below. */
const IDLE = 3_000;

let arena: Arena;
let alice: Voice;
let carol: Voice;
beforeAll(async () => {
  arena = await openArena({
    config: (text) => `${text}
  - name: short looks end when nobody looks
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readwrite]
    maxDuration: 5m
    idleTimeout: 3s
`,
  });
  [alice, carol] = (await Promise.all(["alice", "carol"].map((login) => arena.signIn(login)))) as [Voice, Voice];
});
afterAll(() => arena?.close());
afterEach(async () => {
  arena.proxy.pass();
  const { body } = await alice.call<{ requests: RequestView[] }>("GET", "/v1/requests?state=active");
  for (const { request } of body.requests) await alice.call("POST", `/v1/requests/${request}/end`, {});
});

async function begin(): Promise<RequestView> {
  const order = { resource: "db-prod", role: "readwrite", duration: 300 };
  const { status, body } = await alice.call<RequestView>("POST", "/v1/requests", order);
  expect(status).toBe(201);
  return body;
}
const show = async ({ request }: RequestView) => (await alice.call<RequestView>("GET", `/v1/requests/${request}`)).body;
const ended = (request: RequestView, within = 15_000) =>
  eventually("the window ends", within, async () => {
    const now = await show(request);
    return now.state === "ended" && now;
  });
/** Watches that it does not end for so long, in ms. */
async function staysFor(
  request: RequestView,
  milliseconds: number,
  meanwhile: () => Promise<unknown> = async () => undefined,
) {
  const until = Date.now() + milliseconds;
  while (Date.now() < until) {
    await meanwhile();
    expect((await show(request)).state).toBe("active");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe("a window that ends when it is idle", { timeout: 60_000 }, () => {
  it("ends, with its live sessions, when a session is left open without use; its event and its holder are told why", async () => {
    const request = await begin();
    expect(request).toMatchObject({ idleTimeout: 3 });
    const lease = await issue(alice, request);
    const session = await openSession(lease);
    await session.client.query("SELECT 1");
    expect(Date.parse((await show(request)).idleAt ?? "")).toBeGreaterThan(Date.now());
    const over = await ended(request);
    expect(over).toMatchObject({ endedBecause: "idle" });
    await session.ended;
    const [event] = await auditOf(carol, `&request=${request.request}&kind=request.ended`);
    expect(event?.data).toMatchObject({ because: "idle", idleTimeout: 3 });
    const unused = Date.parse(event?.at ?? "") - Date.parse(String(event?.data.lastActiveAt));
    expect(unused).toBeGreaterThanOrEqual(IDLE);
    expect(
      (await auditOf(carol, `&request=${request.request}&kind=lease.revoking`)).map(({ data }) => data.because),
    ).toEqual(["idle"]);
    const beat = await alice.call<HeartbeatReply>("POST", `/v1/leases/${lease.lease}/heartbeat`, {});
    expect(beat.body).toMatchObject({ state: "ended", endedBecause: "idle: 3s" });
    await eventually("nothing is left", 10_000, async () => (await arena.roles()).length === 0);
  });

  it("ends when its credential was never used at all, and when the last command is long over", async () => {
    const [unused, used] = [await begin(), await begin()];
    await issue(alice, unused);
    const lease = await issue(alice, used);
    await alice.call("POST", `/v1/leases/${lease.lease}/end`, { because: "command_ended", exitCode: 0 });
    expect(await ended(unused)).toMatchObject({ endedBecause: "idle" });
    expect(await ended(used)).toMatchObject({ endedBecause: "idle" });
  });

  it("goes on while a statement runs, however long, and ends after it; before that the holder is warned", async () => {
    const request = await begin();
    const lease = await issue(alice, request);
    const { client } = await openSession(lease);
    const work = client.query("SELECT pg_sleep(6)");
    const beat = () => alice.call<HeartbeatReply>("POST", `/v1/leases/${lease.lease}/heartbeat`, {});
    await staysFor(request, IDLE * 1.7, async () => {
      const { body } = await beat();
      expect(body.state).toBe("active");
    });
    await work;
    await eventually("the warning", 10_000, async () => ((await beat()).body.idleEndsInMs ?? Infinity) <= IDLE / 3);
    expect(await ended(request)).toMatchObject({ endedBecause: "idle" });
  });

  it("ends for a transaction that is left open: that is no use", async () => {
    const request = await begin();
    const session = await openSession(await issue(alice, request));
    await session.client.query("BEGIN");
    await session.client.query("UPDATE orders SET quantity = 1 WHERE id = 1");
    expect(await ended(request)).toMatchObject({ endedBecause: "idle" });
    await session.ended;
  });

  it("is one window over all its leases: use of one keeps the others", async () => {
    const request = await begin();
    const [quiet, busy] = [
      await openSession(await issue(alice, request)),
      await openSession(await issue(alice, request)),
    ];
    await staysFor(request, IDLE * 2, () => busy.client.query("SELECT 1"));
    await expect(quiet.client.query("SELECT 1")).resolves.toBeDefined();
    expect(await ended(request)).toMatchObject({ endedBecause: "idle" });
    await Promise.all([quiet.ended, busy.ended]);
  });

  it("does not end while its target cannot be asked, and is counted anew when it can", async () => {
    const request = await begin();
    const session = await openSession(await issue(alice, request));
    arena.proxy.refuse();
    await staysFor(request, IDLE * 2.5);
    arena.proxy.pass();
    const back = Date.now();
    expect(await ended(request, 30_000)).toMatchObject({ endedBecause: "idle" });
    expect(Date.now() - back).toBeGreaterThanOrEqual(IDLE - 500);
    await session.ended;
  });

  it("is judged by the next broker, which takes what nobody saw for use", async () => {
    const request = await begin();
    const session = await openSession(await issue(alice, request));
    await session.client.query("SELECT 1");
    const seen = await eventually("a first look", 10_000, async () => {
      const { idleAt } = await show(request);
      return idleAt !== undefined && Date.parse(idleAt) > Date.now() && idleAt;
    });
    await arena.broker().kill();
    await new Promise((resolve) => setTimeout(resolve, IDLE * 1.5));
    await arena.restart();
    const back = Date.now();
    expect((await show(request)).state).toBe("active");
    const over = await ended(request, 30_000);
    expect(over).toMatchObject({ endedBecause: "idle" });
    expect(Date.parse(over.endedAt ?? "")).toBeGreaterThan(Date.parse(seen));
    expect(Date.now() - back).toBeGreaterThanOrEqual(IDLE - 1_000);
    await session.ended;
  });

  it("is only where a policy says so: any other stays as long as it is", async () => {
    const request = await approvedRequest(alice, await arena.signIn("bob"));
    expect(request.idleTimeout).toBeUndefined();
    const session = await openSession(await issue(alice, request));
    await staysFor(request, IDLE * 1.5);
    expect(await session.client.query("SELECT 1")).toMatchObject({ rowCount: 1 });
  });
});
