import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type GuardedOrder, startGuarded } from "./guarded-process.js";

let folder: string;
let litter: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "phi-guard-test-"));
  litter = join(folder, "litter");
  mkdirSync(litter);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sh = (script: string, rest: Partial<GuardedOrder> = {}): GuardedOrder => ({
  command: "/bin/sh",
  args: ["-c", script],
  env: { PATH: "/usr/bin:/bin" },
  stopSignal: "SIGTERM",
  stdout: "pipe",
  stderr: "pipe",
  litter,
  ...rest,
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Long enough for a watch that was not called off to do its work. */
const later = () => new Promise((resolve) => setTimeout(resolve, 500));

describe("while we live", () => {
  test("the process has its own exit code and output, and the directory stays", async () => {
    const guarded = await startGuarded(sh("echo out; echo err >&2; exit 7"));
    const [out, err] = await Promise.all([
      text(guarded.stdout ?? Readable.from([])),
      text(guarded.stderr ?? Readable.from([])),
    ]);
    expect([out, err, await guarded.exited]).toEqual(["out\n", "err\n", 7]);
    await later();
    expect(existsSync(litter)).toBe(true);
  });

  test("stop asks with the signal, and the directory stays", async () => {
    const guarded = await startGuarded(sh('trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'));
    await once(guarded.stdout ?? process.stdin, "data");
    await guarded.stop();
    expect(await guarded.exited).toBe(5);
    await later();
    expect(existsSync(litter)).toBe(true);
  });

  test("who does not listen is killed after the grace, and so is who is killed", async () => {
    const deaf = await startGuarded(sh('trap "" TERM; echo ready; while :; do sleep 0.05; done'));
    await once(deaf.stdout ?? process.stdin, "data");
    await deaf.stop(200);
    expect(await deaf.exited).toBe(137);
    const other = await startGuarded(sh("exec sleep 100"));
    await other.kill();
    expect([isAlive(other.pid), await other.exited]).toEqual([false, 137]);
    await other.stop(); // again is fine
    await later();
    expect(existsSync(litter)).toBe(true);
  });
});

describe("when we are killed with -9", () => {
  async function startElsewhere(script: string): Promise<{ parent: ChildProcess; pid: number }> {
    const built = fileURLToPath(new URL("../../dist/environment/guarded-process.js", import.meta.url));
    const program = `
      const { startGuarded } = await import(${JSON.stringify(built)});
      const { pid } = await startGuarded(${JSON.stringify(sh(script))});
      process.stdout.write(String(pid));
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
    return { parent, pid: Number(chunk.toString()) };
  }

  test("the process is asked to stop, may finish its work, and the directory goes", async () => {
    const proof = join(folder, "stopped-cleanly");
    writeFileSync(join(litter, "file"), "");
    const { parent, pid } = await startElsewhere(`trap "touch ${proof}; exit" TERM; while :; do sleep 0.05; done`);
    parent.kill("SIGKILL");
    await vi.waitUntil(() => !isAlive(pid) && !existsSync(litter), { timeout: 10_000 });
    expect(existsSync(proof)).toBe(true);
  });
});
