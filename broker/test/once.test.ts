import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Arena, approvedRequest, auditOf, eventually, issue, openArena, type Voice } from "./arena.testing.js";

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

const lease = (request: RequestView) =>
  alice.call("POST", "/v1/leases", { request: request.request, use: "command", command: ["psql"], host: "test" });
const stateOf = async (request: RequestView) =>
  (await alice.call<RequestView>("GET", `/v1/requests/${request.request}`)).body;

it("a request for one command gives one credential, however many ask at once, and ends with it", async () => {
  const request = await approvedRequest(alice, bob, { once: true });
  expect(request).toMatchObject({ once: true, state: "approved" });
  const replies = await Promise.all(Array.from({ length: 20 }, () => lease(request)));
  expect(replies.filter((reply) => reply.status === 201)).toHaveLength(1);
  for (const reply of replies.filter((one) => one.status !== 201))
    expect(reply).toMatchObject({
      status: 409,
      body: { code: "no_usable_request", detail: expect.stringContaining("for one command") },
    });
  const [given] = replies
    .filter((reply) => reply.status === 201)
    .map((reply) => reply.body as unknown as { lease: string });
  const ended = await alice.call("POST", `/v1/leases/${given?.lease}/end`, { because: "command_ended", exitCode: 0 });
  expect(ended.status).toBe(200);
  expect(await stateOf(request)).toMatchObject({ state: "ended", endedBecause: "used_once" });
  expect(
    (await auditOf(carol, `&request=${request.request}&kind=request.ended`)).map((event) => event.data.because),
  ).toEqual(["used_once"]);
  expect(await lease(request)).toMatchObject({ status: 409 });
});

it("a credential that was never used does not count", async () => {
  const request = await approvedRequest(alice, bob, { once: true });
  const unused = await issue(alice, request);
  await alice.call("POST", `/v1/leases/${unused.lease}/end`, { because: "not_started" });
  expect(await stateOf(request)).toMatchObject({ state: "active" });
  const used = await issue(alice, request);
  await alice.call("POST", `/v1/leases/${used.lease}/end`, { because: "command_ended", exitCode: 1 });
  expect(await stateOf(request)).toMatchObject({ endedBecause: "used_once" });
});

it("any other request gives as many as are wanted, and stays when one ends", async () => {
  const request = await approvedRequest(alice, bob);
  const [first, second] = [await issue(alice, request), await issue(alice, request)];
  await alice.call("POST", `/v1/leases/${first.lease}/end`, { because: "command_ended", exitCode: 0 });
  expect(await stateOf(request)).toMatchObject({ state: "active" });
  await alice.call("POST", `/v1/leases/${second.lease}/end`, { because: "command_ended", exitCode: 0 });
  await alice.call("POST", `/v1/requests/${request.request}/end`, {});
});

it("a command whose CLI fell silent ends it too", { timeout: 60_000 }, async () => {
  const request = await approvedRequest(alice, bob, { once: true });
  await issue(alice, request);
  await eventually("the broker ends it", 50_000, async () => (await stateOf(request)).state === "ended");
  expect(await stateOf(request)).toMatchObject({ endedBecause: "used_once" });
});
