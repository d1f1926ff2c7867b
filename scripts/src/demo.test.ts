import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

/** The built demo, with a temporary directory of its own, so that what it leaves behind shows. */
const PROGRAM = fileURLToPath(new URL("../dist/demo.js", import.meta.url));

let folder: string;
let demo: ChildProcess;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "phi-demo-test-"));
  chmodSync(folder, 0o1777); // as /tmp: PostgreSQL may run as another account
  demo = spawn(process.execPath, [PROGRAM], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: folder },
  });
  lines = [];
});
afterEach(() => {
  demo.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test("the story plays to its end, every promise is kept, and nothing is left behind", {
  timeout: 120_000,
}, async () => {
  createInterface({ input: demo.stdout as NodeJS.ReadableStream }).on("line", (line) => lines.push(line));
  const [code] = await once(demo, "close");
  expect(lines.filter((line) => line.includes("✗"))).toEqual([]);
  expect(lines.at(-1)).toMatch(/^\d+ promises, all kept, in [\d.]+ seconds\.$/);
  expect(code).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

test("interrupted in the middle it cleans up, too, and does not claim success", { timeout: 60_000 }, async () => {
  const closed = once(demo, "close");
  for await (const line of createInterface({ input: demo.stdout as NodeJS.ReadableStream })) {
    if (line.startsWith("2.")) demo.kill("SIGTERM");
  }
  expect((await closed)[0]).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});
