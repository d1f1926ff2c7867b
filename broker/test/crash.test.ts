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

let arena: Arena;
let alice: Voice;
let bob: Voice;
beforeAll(async () => {
  arena = await openArena();
  [alice, bob] = await Promise.all([arena.signIn("alice"), arena.signIn("bob")]);
});
afterAll(() => arena?.close());
beforeEach(() => arena.proxy.pass());

/** Each lease has one event of each kind at most, and ends in exactly one proof. */
async function expectOneOfEach(request: RequestView): Promise<void> {
  const events = await auditOf(alice, `&request=${request.request}`);
  const byLease = new Map<string, string[]>();
  for (const event of events)
    if (event.lease !== undefined) byLease.set(event.lease, [...(byLease.get(event.lease) ?? []), event.kind]);
  for (const [lease, kinds] of byLease) {
    for (const kind of ["lease.planned", "lease.issued", "lease.revoking", "lease.revoked"]) {
      expect(kinds.filter((one) => one === kind).length, `${kind} of ${lease}`).toBeLessThanOrEqual(1);
    }
    expect(
      kinds.filter((kind) => kind === "lease.revoked"),
      `proof of ${lease}`,
    ).toHaveLength(1);
  }
}

it("a broker killed after the target made the credential and before it heard of it leaves nothing after its restart", async () => {
  const request = await approvedRequest(alice, bob);
  await (await issueAndEnd(request)).done; // so that the connection to the target is warm
  arena.proxy.withholdAnswers();
  const lost = issue(alice, request).catch(() => "lost");
  await eventually("the role exists although nobody was told", 5_000, async () => (await arena.roles()).length === 1);
  await arena.broker().kill();
  expect(await lost).toBe("lost");
  arena.proxy.pass();

  await arena.restart();
  // Dropped before it serves; the proof waits for the instant after which a late create is impossible.
  expect(await arena.roles()).toEqual([]);
  await eventually("the lease is proven revoked", 40_000, async () => {
    const { body } = await alice.call<RequestView>("GET", `/v1/requests/${request.request}`);
    return body.leases.every((lease) => lease.state === "revoked");
  });
  expect(await arena.roles()).toEqual([]);
  await expectOneOfEach(request);
}, 60_000);

it("a broker killed in the middle of a revocation finishes it when it is back, before it serves", async () => {
  const request = await approvedRequest(alice, bob);
  const { ended } = await openSession(await issue(alice, request));
  arena.proxy.withholdAnswers();
  const lost = alice.call("POST", `/v1/requests/${request.request}/end`, {}).catch(() => "lost");
  await eventually("the revocation has reached the target", 5_000, async () => arena.proxy.sent() > 0);
  await arena.broker().kill();
  await lost;
  arena.proxy.pass();
  await arena.restart();
  await ended;
  expect(await arena.roles()).toEqual([]);
  await expectOneOfEach(request);
}, 30_000);

it("what fell due while the broker was down is revoked before it serves again", async () => {
  const request = await approvedRequest(alice, bob, { duration: 2 });
  const { ended } = await openSession(await issue(alice, request));
  await arena.broker().kill();
  await new Promise((resolve) => setTimeout(resolve, 2_200)); // the window closes with nobody there: real time has to pass
  expect(await arena.roles()).toHaveLength(1);
  await arena.restart();
  await ended;
  expect(await arena.roles()).toEqual([]);
  const { body } = await alice.call<RequestView>("GET", `/v1/requests/${request.request}`);
  expect(body).toMatchObject({ state: "ended", endedBecause: "expired", leases: [{ state: "revoked" }] });
  await expectOneOfEach(request);
}, 30_000);

it("a sign-in and the requests outlive the broker's restart", async () => {
  const request = await approvedRequest(alice, bob);
  await arena.broker().stop();
  await arena.restart();
  expect((await alice.call<RequestView>("GET", `/v1/requests/${request.request}`)).body.state).toBe("approved");
  const kinds = (await auditOf(await arena.signIn("carol"))).map((event) => event.kind);
  expect(kinds).toContain("broker.stopped");
});

async function issueAndEnd(request: RequestView) {
  const lease = await issue(alice, request);
  return { done: alice.call("POST", `/v1/leases/${lease.lease}/end`, { exitCode: 0, because: "command_ended" }) };
}
