import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Arena, eventually, openArena, type Voice } from "./arena.testing.js";

let arena: Arena;
let alice: Voice;
let bob: Voice;
beforeAll(async () => {
  arena = await openArena({
    config: (text) => text.replace("reason: required", "reason: required\n    pendingFor: 2s"),
  });
  [alice, bob] = await Promise.all([arena.signIn("alice"), arena.signIn("bob")]);
});
afterAll(() => arena?.close());

async function ask(role = "readwrite"): Promise<RequestView> {
  return (
    await alice.call<RequestView>("POST", "/v1/requests", {
      resource: "db-prod",
      role,
      duration: 600,
      reason: "INC-42",
    })
  ).body;
}

/** Reads the stream to its end; `states` grows as events arrive. */
function follow(request: RequestView): { states: string[]; closed: Promise<void> } {
  const states: string[] = [];
  const closed = (async () => {
    const answer = await fetch(`${arena.broker().url}/v1/requests/${request.request}/events`, {
      headers: { authorization: `Bearer ${alice.token}` },
    });
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    let text = "";
    for await (const bytes of answer.body ?? []) {
      text += Buffer.from(bytes).toString();
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) states.push((JSON.parse(data) as RequestView).state);
      }
    }
  })();
  return { states, closed };
}

it("whoever waits is told at once what the request is, and of each change, until nothing can change any more", async () => {
  const request = await ask();
  const { states, closed } = follow(request);
  await eventually("the first event", 2_000, async () => states.length === 1);
  const decided = Date.now();
  await bob.call("POST", `/v1/requests/${request.request}/approvals`, { verdict: "approve", hash: request.hash });
  await eventually("the answer arrives", 1_000, async () => states.length === 2);
  expect(Date.now() - decided).toBeLessThan(1_000);
  await alice.call("POST", `/v1/requests/${request.request}/end`, {});
  await closed;
  expect(states).toEqual(["pending", "approved", "ended"]);
});

it("an answer that comes while the stream is being opened is not missed, 20 of 20 times", async () => {
  const runs = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const request = await ask();
      const { states, closed } = follow(request);
      await bob.call("POST", `/v1/requests/${request.request}/approvals`, { verdict: "deny" });
      await closed;
      return states.at(-1);
    }),
  );
  expect(runs).toEqual(Array.from({ length: 20 }, () => "denied"));
});

it("a request that nobody answers lapses on time, and whoever waits hears of it", async () => {
  const request = await ask("readonly");
  const { states, closed } = follow(request);
  await closed;
  expect(states).toEqual(["pending", "lapsed"]);
  const { body } = await alice.call<RequestView>("GET", `/v1/requests/${request.request}`);
  expect(Date.parse(body.endedAt ?? "") - Date.parse(body.createdAt)).toBe(2_000);
});
