import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFileDestination } from "./file.js";
import { jsonLines } from "./lines.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "phi-lines-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
const event = (seq: number, reason = "x"): AuditEvent => ({
  seq,
  event: "evt_0000000000000000",
  at: "2026-11-22T17:05:09.120Z",
  kind: "request.created",
  data: { reason },
});
const seqs = (path: string) =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as AuditEvent).seq);

test("a file that was moved away is opened anew, with mode 0600, and no line is lost or in both", async () => {
  const path = join(folder, "moved.jsonl");
  const destination = createFileDestination({ name: "file", path, linesOf: jsonLines });
  expect(await destination.deliver([event(1), event(2)], signal)).toEqual({ accepted: 2 });
  renameSync(path, `${path}.1`);
  await destination.deliver([event(3)], signal);
  destination.reopen?.();
  await destination.deliver([event(4)], signal);
  await destination.close();
  expect([seqs(`${path}.1`), seqs(path)]).toEqual([[1, 2, 3], [4]]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a line that a crash tore is cut off, so that every line of the file is one event", async () => {
  const path = join(folder, "torn.jsonl");
  writeFileSync(path, `${JSON.stringify(event(1))}\n`);
  appendFileSync(path, JSON.stringify(event(2)).slice(0, 40));
  chmodSync(path, 0o644);
  const destination = createFileDestination({ name: "file", path, linesOf: jsonLines });
  await destination.deliver([event(2)], signal);
  await destination.close();
  expect(seqs(path)).toEqual([1, 2]);
  expect(statSync(path).mode & 0o777, "others may not read what was there before either").toBe(0o600);
});

test("a line is ASCII and reads back as the event, whatever people typed", async () => {
  const path = join(folder, "text.jsonl");
  const typed = "INC-42 \u2028 \u202e größer 🙂 \u007f";
  const destination = createFileDestination({ name: "file", path, linesOf: jsonLines });
  await destination.deliver([event(1, typed)], signal);
  await destination.close();
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(/^[\x20-\x7e]+\n$/);
  expect((JSON.parse(text) as AuditEvent).data.reason).toBe(typed);
});

test("what cannot be written is answered with what is wrong, and works when it is mended", async () => {
  const parent = join(folder, "parent");
  writeFileSync(parent, "in the way");
  const destination = createFileDestination({ name: "file", path: join(parent, "audit.jsonl"), linesOf: jsonLines });
  expect(await destination.deliver([event(1)], signal)).toMatchObject({
    accepted: 0,
    failure: { class: "unavailable", message: expect.stringMatching(/cannot be written \((ENOTDIR|EEXIST)\)/) },
  });
  rmSync(parent);
  expect(await destination.deliver([event(1)], signal)).toEqual({ accepted: 1 });
  await destination.close();
});
