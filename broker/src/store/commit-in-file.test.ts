import { newId } from "@phi/shared/ids";
import { afterEach, expect, it } from "vitest";
import type { CommitOutcome } from "../ports/change.js";
import { entry, openTemporaryLedger, pendingRequest } from "./store.testing.js";

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
afterEach(() => open.close());

it("events of one group stand in the log in the order of their changes, those of changes that moved and no others", async () => {
  open = await openTemporaryLedger();
  const { ledger } = open;
  const expected: string[] = [];
  const waiting: Promise<CommitOutcome | undefined>[] = [];
  const ask = () => {
    const request = pendingRequest();
    const created = entry("request.created", request);
    expected.push(created.id);
    waiting.push(
      ledger.commit({ guard: { do: "insert_request", request, idempotencyKey: undefined }, events: [created] }),
    );
    return request;
  };
  const withdraw = (id: ReturnType<typeof ask>["id"]) =>
    ledger.commit({
      guard: { do: "advance_request", id, from: "pending", to: "withdrawn", dueAt: null, set: { endedAt: 2_000 } },
      events: [{ ...entry("request.withdrawn"), id: `evt_${id.slice(4)}` as ReturnType<typeof entry>["id"] }],
    });
  // 23 = 16 + 4 + 1 + 1 + 1: every length of statement, and what is neither written nor counted between them.
  for (let round = 0; round < 23; round++) {
    const { id } = ask();
    if (round % 7 === 3) waiting.push(withdraw(newId("request")));
    if (round % 11 !== 5) continue;
    waiting.push(withdraw(id));
    expected.push(`evt_${id.slice(4)}`);
    const noted = [entry("broker.started"), entry("broker.stopped")] as const;
    expected.push(...noted.map((one) => one.id));
    waiting.push(ledger.record(...noted).then(() => undefined));
  }
  const outcomes = await Promise.all(waiting);
  expect(outcomes.filter((outcome) => outcome === "lost_race")).toHaveLength(3);
  const log = await ledger.audit({ limit: 1_000 });
  expect(log.map(({ event }) => event)).toEqual(expected);
  expect(log.map(({ seq }) => seq)).toEqual(expected.map((_, index) => index + 1));
});

it("a text of a request that was asked for in the same group is erased", async () => {
  open = await openTemporaryLedger();
  const { ledger } = open;
  const request = pendingRequest();
  const asking = ledger.commit({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    events: [{ ...entry("request.created", request), data: { reason: "INC-42: typed by mistake" } }],
  });
  const erasing = ledger.erase({ request: request.id }, entry("log.erased"));
  await Promise.all([asking, erasing]);
  const [asked, erased] = await ledger.audit({ limit: 10 });
  expect(erased?.kind).toBe("log.erased");
  expect(JSON.stringify(asked)).not.toContain("typed by mistake");
});
