import { describe, expect, test } from "vitest";
import { auditDetails } from "./audit-words.js";
import { nextCommands } from "./next-commands.js";
import { toSafeJson } from "./output.js";
import { PLAIN } from "./paint.js";
import { requestCard } from "./request-card.js";
import { requestColumns } from "./request-table.js";
import { exampleRequest } from "./request-view.testing.js";
import { overdueLines, untilWords } from "./request-words.js";
import { tableLines } from "./table.js";
import { typedCommand } from "./typed-command.js";

const now = Date.parse("2026-11-22T12:03:00.000Z");
const HOSTILE = "pay\u202eload\u001b]0;owned\u0007 \u009b31mred\r\nPWNED\tx\u200b";
const ACTS = /[\p{Cc}\u200b-\u200f\u202a-\u202e]/u;

const hostileRequest = exampleRequest({
  reason: HOSTILE,
  ticket: HOSTILE,
  policy: HOSTILE,
  approvers: [HOSTILE],
  requester: { issuer: HOSTILE, subject: HOSTILE, name: HOSTILE },
  approvals: [
    {
      by: { issuer: "i", subject: HOSTILE, name: HOSTILE },
      verdict: "deny",
      reason: HOSTILE,
      at: "2026-11-22T12:01:00.000Z",
    },
  ],
  endComment: HOSTILE,
  leases: [
    {
      lease: "lse_7k3m9q2x4v8a0000",
      state: "revoking",
      handle: HOSTILE,
      expiresAt: "2026-11-22T12:01:00.000Z",
      overdueSince: "2026-11-22T12:01:00.000Z",
      attempts: 3,
      lastError: HOSTILE,
    },
  ],
});

describe("text that others wrote", () => {
  test("never reaches the terminal with anything that acts on it, nor fakes a line", () => {
    const lines = [
      ...requestCard(hostileRequest, { now, paint: PLAIN }),
      ...overdueLines(hostileRequest, now),
      ...tableLines(requestColumns(now), [hostileRequest], { columns: 100, paint: PLAIN }),
    ];
    for (const line of lines) expect(line).not.toMatch(ACTS);
    expect(lines.some((line) => line.startsWith("PWNED"))).toBe(false);
    const event = {
      seq: 1,
      event: "evt_0000000000000000",
      at: "2026-11-22T12:01:00.000Z",
      kind: "session.started",
      data: { command: ["psql", HOSTILE], [HOSTILE]: HOSTILE, nested: { deep: HOSTILE } },
    } as const;
    expect(auditDetails({ ...event, data: { ...event.data, command: [...event.data.command] } })).not.toMatch(ACTS);
  });

  test("is whole in JSON, with everything that acts escaped", () => {
    const text = toSafeJson(hostileRequest);
    expect(text).not.toMatch(ACTS);
    expect(JSON.parse(text)).toEqual(hostileRequest);
  });

  test("piped, every request is one line with the same number of cells", () => {
    const [line] = tableLines(requestColumns(now), [hostileRequest], undefined);
    expect(line?.split("\t")).toHaveLength(requestColumns(now).length);
  });
});

describe("what a request says of itself", () => {
  test("a credential that should be dead and is not is loud", () => {
    const [line] = overdueLines(hostileRequest, now);
    expect(line).toContain("OVERDUE lse_7k3m9q2x4v8a0000");
    expect(line).toContain("3 attempts failed");
    const [, row] = tableLines(requestColumns(now), [hostileRequest], { columns: 300, paint: PLAIN });
    expect(row).toContain("1 OVERDUE");
  });

  test("says what the present state waits for", () => {
    expect(untilWords(exampleRequest(), now)).toBe("lapses in 23h57m");
    expect(untilWords(exampleRequest({ state: "approved", claimUntil: "2026-11-22T20:03:00.000Z" }), now)).toBe(
      "use it within 8h",
    );
    expect(untilWords(exampleRequest({ state: "active", expiresAt: "2026-11-22T12:15:30.000Z" }), now)).toBe(
      "12m left",
    );
    expect(untilWords(exampleRequest({ state: "active", expiresAt: "2026-11-22T12:02:00.000Z" }), now)).toBe(
      "window over",
    );
  });

  test("offers only what the reader may do next", () => {
    const typed = (...words: string[]) => typedCommand(["phi", ...words]);
    const alice = { issuer: "https://login.example.com", subject: "alice" };
    const bob = { issuer: "https://login.example.com", subject: "bob" };
    const id = "req_7k3m9q2x4v8a";
    expect(nextCommands(exampleRequest(), alice, typed)).toEqual([`phi show --wait ${id}`, `phi withdraw ${id}`]);
    expect(nextCommands(exampleRequest(), bob, typed)).toEqual([]);
    expect(nextCommands(exampleRequest({ mayDecide: true }), bob, typed)[0]).toBe(`phi approve ${id}`);
    expect(nextCommands(exampleRequest({ state: "active", mayUse: true, mayEnd: true }), alice, typed)).toEqual([
      "phi exec db-prod -- psql",
      `phi extend ${id} --for 15m`,
      `phi end ${id}`,
    ]);
    expect(nextCommands(exampleRequest({ state: "active", mayEnd: true }), bob, typed)).toContain(
      `phi revoke ${id} --reason why`,
    );
    expect(nextCommands(exampleRequest({ state: "ended" }), alice, typed)).toEqual([]);
  });
});
