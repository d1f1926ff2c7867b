import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arena, approvedRequest, auditOf, issue, openArena, openSession, type Voice } from "./arena.testing.js";

/** Their groups change while they are out. */
const mover = { login: "mover", groups: ["engineering", "lunch"], name: "mover", email: "mover@example.test" };
let arena: Arena;
let bob: Voice;
let carol: Voice;
beforeAll(async () => {
  arena = await openArena({ extraPeople: [mover] });
  [bob, carol] = await Promise.all([arena.signIn("bob"), arena.signIn("carol")]);
});
afterAll(() => arena?.close());

const order = { resource: "db-prod", role: "readonly", duration: 600, reason: "INC-42" };
const show = async (request: RequestView) =>
  (await bob.call<RequestView>("GET", `/v1/requests/${request.request}`)).body;

describe("a person who lost the group that a request was made with", () => {
  it("loses the request with its live session at the next sign-in, and the events say why; other groups do not matter", async () => {
    const before = await arena.signIn("mover");
    const active = await approvedRequest(before, bob);
    const session = await openSession(await issue(before, active, "window"));
    const pending = (await before.call<RequestView>("POST", "/v1/requests", order)).body;

    mover.groups.splice(0, 2, "engineering", "dinner");
    await arena.signIn("mover");
    expect([(await show(active)).state, (await show(pending)).state]).toEqual(["active", "pending"]);

    mover.groups.splice(0, 2, "dinner");
    await arena.signIn("mover");
    await session.ended;
    const why = "mover is not in engineering, lunch any more";
    expect(await show(active)).toMatchObject({ state: "ended", endedBecause: "revoked", endComment: why });
    expect(await show(pending)).toMatchObject({ state: "withdrawn", endComment: why });
    const said = (await auditOf(carol)).filter((event) => event.data.because === "group_lost");
    expect(said.map((event) => [event.kind, event.request, event.actor])).toEqual([
      ["request.withdrawn", pending.request, undefined],
      ["request.ended", active.request, undefined],
    ]);
  });
});

describe("with signIn.onGroupLoss: keep", () => {
  it("a request runs on whatever groups its requester has lost", async () => {
    const keeper = { login: "keeper", groups: ["engineering"], name: "keeper", email: "keeper@example.test" };
    const other = await openArena({
      extraPeople: [keeper],
      config: (text) => text.replace("signIn: { maxAge: 8h }", "signIn: { maxAge: 8h, onGroupLoss: keep }"),
    });
    try {
      const request = await approvedRequest(await other.signIn("keeper"), await other.signIn("bob"));
      keeper.groups.splice(0);
      const again = await other.signIn("keeper");
      expect((await again.call<RequestView>("GET", `/v1/requests/${request.request}`)).body.state).toBe("approved");
    } finally {
      await other.close();
    }
  });
});
