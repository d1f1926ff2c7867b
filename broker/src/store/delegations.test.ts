import { newId } from "@phi/shared/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Delegation } from "../domain/delegation.js";
import { createDelegations } from "./delegations.js";
import { alice, bob, entry, openTemporaryLedger, pendingRequest } from "./store.testing.js";

const carol = { ...bob, subject: "carol", name: "carol" };
let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
beforeEach(async () => {
  open = await openTemporaryLedger();
});
afterEach(() => open.close());

async function handOver(over: Partial<Delegation> = {}): Promise<Delegation> {
  const delegation: Delegation = {
    id: newId("delegation"),
    from: { issuer: bob.issuer, subject: bob.subject, name: bob.name },
    to: { issuer: carol.issuer, subject: carol.subject, name: carol.name },
    resource: undefined,
    reason: "on holiday",
    createdAt: 1_000,
    until: 9_000,
    ...over,
  };
  const guard = { do: "insert_delegation", delegation } as const;
  expect(await open.ledger.commit({ guard, events: [entry("delegation.created")] })).toBe("moved");
  return delegation;
}
const endIt = ({ id }: Delegation, event = entry("delegation.ended")) =>
  open.ledger.commit({ guard: { do: "end_delegation", id, at: 2_000 }, events: [event] });

describe("an answer in another's place", () => {
  it("counts only while the delegation is in force, whichever came first, 100 times at the same instant", async () => {
    const came = { moved: 0, lost_race: 0 };
    for (let round = 0; round < 100; round++) {
      const request = pendingRequest({ requester: alice });
      const guard = { do: "insert_request", request, idempotencyKey: undefined } as const;
      await open.ledger.commit({ guard, events: [entry("request.created", request)] });
      const delegation = await handOver();
      const ended = entry("delegation.ended");
      const approved = entry("request.approved", request);
      const answer = () =>
        open.ledger.commit({
          guard: {
            do: "advance_request",
            id: request.id,
            from: "pending",
            to: "approved",
            dueAt: 5_000,
            require: {
              approvalsGiven: 0,
              revision: 0,
              unlocked: [carol],
              delegation: { id: delegation.id, at: 2_000 },
            },
            set: { approvedAt: 2_000, claimUntil: 5_000 },
          },
          events: [approved],
        });
      const first = round % 2 === 0 ? answer() : endIt(delegation, ended);
      const second = round % 2 === 0 ? endIt(delegation, ended) : answer();
      const outcomes = await Promise.all([first, second]);
      const outcome = outcomes[round % 2 === 0 ? 0 : 1] ?? "lost_race";
      came[outcome] += 1;
      expect((await open.ledger.request(request.id))?.state).toBe(outcome === "moved" ? "approved" : "pending");
      expect(await endIt(delegation)).toBe("lost_race");
    }
    expect(came).toEqual({ moved: 50, lost_race: 50 });
  });

  it("is found for who got it, until its span is over, and not while its giver is locked", async () => {
    const delegations = createDelegations(open.store);
    const delegation = await handOver({ resource: "db-prod" });
    expect(await delegations.standIns(carol, 8_999)).toMatchObject([
      { delegation: delegation.id, principal: { subject: "bob" }, resource: "db-prod" },
    ]);
    expect(await delegations.standIns(carol, 9_000)).toEqual([]);
    expect(await delegations.standIns({ ...carol, issuer: "https://other" }, 2_000)).toEqual([]);
    expect((await delegations.of(bob, 2_000)).map(({ id }) => id)).toEqual([delegation.id]);
    expect((await delegations.over(9_000, 10)).map(({ id }) => id)).toEqual([delegation.id]);
    const target = { on: "principal", principal: bob } as const;
    const lock = { id: newId("lock"), target, reason: "-", setBy: "-", setAt: 1_500 };
    await open.ledger.commit({ guard: { do: "insert_lock", lock }, events: [entry("lock.set")] });
    expect(await delegations.standIns(carol, 2_000)).toEqual([]);
  });
});
