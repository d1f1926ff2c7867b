import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { newId, type RequestId } from "@phi/shared/ids";
import { expect, test } from "vitest";
import { noticeOf } from "./notice.js";
import { occasionOf } from "./occasion.js";
import { person } from "./policy/policy.testing.js";
import type { Request } from "./request.js";

const END = Date.parse("2026-11-28T03:15:00Z");
const window = newId("request");
const request = (over: Partial<Request>): Request =>
  ({
    id: newId("request"),
    requester: person("alice"),
    resource: "db-prod",
    role: "readonly",
    duration: 900,
    reason: "INC-42",
    pendingUntil: END,
    state: "pending",
    ...over,
  }) as Request;
const event = (kind: AuditEvent["kind"], data: AuditEvent["data"] = {}) =>
  ({ kind, data, actor: person("bob") }) as unknown as AuditEvent;

test("who is asked for more time reads whose window it is, until when, and what to type", () => {
  const asked = request({ extends: { of: window, startedAt: END - 1_800_000, from: END } });
  const notice = noticeOf("asked", event("request.created"), asked);
  expect(notice.title).toBe("alice asks for 15m more of db-prod as readonly, until 2026-11-28 03:30 UTC");
  expect(notice.facts).toContainEqual(["Extends", window]);
  expect(notice.commands[0]).toBe(`phi approve ${asked.id}`);
  expect(noticeOf("decided", event("request.approved"), asked).title).toMatch(
    /^Approved by bob: alice, 15m more of db-prod/,
  );
  const offered = event("offer.made", { role: "readonly", duration: 300 });
  expect(noticeOf("decided", offered, asked).title).toBe(
    "bob offers 5m more: alice, 15m more of db-prod as readonly, until 2026-11-28 03:30 UTC",
  );
});

test("who is told that a window ends soon reads the command for more time", () => {
  const open = request({ id: window as RequestId, state: "active", expiresAt: END } as Partial<Request>);
  expect(noticeOf("expiring", event("request.expiring"), open).commands).toEqual([
    `phi extend ${window} --for 15m`,
    `phi show ${window}`,
  ]);
});

test("an extension that lapses with its window is told by the end of that window alone", () => {
  expect(occasionOf({ kind: "request.lapsed", data: { because: "access_over" } })).toBeUndefined();
  expect(occasionOf({ kind: "request.lapsed", data: { because: "unanswered" } })).toBe("decided");
});
