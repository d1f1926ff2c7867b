import { PassThrough } from "node:stream";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { expect, test } from "vitest";
import { jsonLines } from "./lines.js";
import { createStandardOutput } from "./standard-output.js";

const event = (seq: number): AuditEvent => ({
  seq,
  event: "evt_0000000000000000",
  at: "2026-11-22T17:05:09.120Z",
  kind: "broker.started",
  data: {},
});
const never = new AbortController().signal;

test("a reader that stops reading gets each line once when it reads again", async () => {
  const stdout = new PassThrough({ highWaterMark: 10 });
  const destination = createStandardOutput({ name: "console", stdout, linesOf: jsonLines });
  const later = new AbortController();
  const waiting = destination.deliver([event(1), event(2)], later.signal);
  later.abort();
  expect(await waiting).toMatchObject({ accepted: 0, failure: { class: "unavailable" } });

  const read = destination.deliver([event(1), event(2), event(3)], never);
  let text = "";
  stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  expect(await read, "what was under way is through; the last one was not given yet").toEqual({ accepted: 2 });
  expect(await destination.deliver([event(3)], never)).toEqual({ accepted: 1 });
  await destination.close();
  const seqs = text
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as AuditEvent).seq);
  expect(seqs).toEqual([1, 2, 3]);
});

test("a reader that went away is told as a failure and ends nothing", async () => {
  const stdout = new PassThrough();
  const destination = createStandardOutput({ name: "console", stdout, linesOf: jsonLines });
  stdout.destroy(Object.assign(new Error("gone"), { code: "EPIPE" }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(await destination.deliver([event(1)], never)).toMatchObject({
    accepted: 0,
    failure: { class: "unavailable", message: "standard output is closed (EPIPE)" },
  });
});
