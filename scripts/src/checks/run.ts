import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readTestCounts, type TestCounts } from "./test-counts.js";
import { listTests, TEST_PARTS, type TestPart } from "./test-files.js";

/** The work behind `scripts/test`: every check, one after the other, and a last line that programs can read. */

const root = fileURLToPath(new URL("../../..", import.meta.url));
const bin = (name: string) => join(root, "node_modules", ".bin", name);

/** A check without tests: programs that must all end well. */
const STATIC: Readonly<Record<string, readonly (readonly string[])[]>> = {
  types: [
    [bin("tsc"), "-b", "tsconfig.json"],
    [bin("tsc"), "-p", "tsconfig.tests.json"],
  ],
  lint: [[bin("biome"), "check", "--diagnostic-level=warn", "."]],
  boundaries: [[process.execPath, join("scripts", "dist", "checks", "boundaries.js")]],
};
const PARTS = [...Object.keys(STATIC), ...TEST_PARTS];

/** Bundles of certificates are read anew by each Node process and make every one of them slow. */
const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;

/** A check that takes longer has lost its way; ms. */
const LONGEST_CHECK = 20 * 60_000;
/** Time to clean up after SIGTERM before SIGKILL, in ms. */
const GRACE = 10_000;

let endRunning: (why: string) => void = () => {};

/** Runs a program with our output, as the head of a group that ends with it; whether it ended well. */
function succeeds([command = "", ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: environment,
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
    });
    const timers: NodeJS.Timeout[] = [];
    endRunning = (why) => {
      process.stderr.write(`\nscripts/test: ends ${basename(command)}: ${why}\n`);
      signalGroup(child, "SIGTERM");
      timers.push(setTimeout(() => signalGroup(child, "SIGKILL"), GRACE));
    };
    timers.push(setTimeout(() => endRunning(`it ran for ${LONGEST_CHECK / 60_000} minutes`), LONGEST_CHECK));
    const done = (well: boolean) => {
      // A worker that is caught in a loop outlives its parent and hears no polite word.
      signalGroup(child, "SIGKILL");
      timers.forEach(clearTimeout);
      endRunning = () => {};
      resolve(well);
    };
    child.once("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      done(false);
    });
    child.once("exit", (code) => done(code === 0));
  });
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // nobody of the group is left
  }
}

async function timed(name: string, check: () => Promise<boolean>): Promise<boolean> {
  process.stdout.write(`\n== ${name}\n`);
  const started = performance.now();
  const passed = await check();
  process.stdout.write(
    `== ${name}: ${passed ? "ok" : "FAILED"} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`,
  );
  return passed;
}

async function allSucceed(commands: readonly (readonly string[])[]): Promise<boolean> {
  for (const command of commands) if (!(await succeeds(command))) return false;
  return true;
}

async function runTests(parts: readonly TestPart[]): Promise<{ passed: boolean; counts: TestCounts | undefined }> {
  const chosen = [...listTests(root)].filter(([, part]) => parts.includes(part)).map(([path]) => path);
  if (chosen.length === 0) return { passed: true, counts: { passed: 0, failed: 0, skipped: 0 } };
  const folder = mkdtempSync(join(tmpdir(), "phi-test-"));
  try {
    const report = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const files = parts.length === TEST_PARTS.length ? [] : chosen;
    const passed = await succeeds([bin("vitest"), "run", ...reporters, ...files]);
    return { passed, counts: readTestCounts(report) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { only = PARTS } = parseArgs({ options: { only: { type: "string", multiple: true } } }).values;
  const unknown = only.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) {
    process.stderr.write(`scripts/test: there is no part ${JSON.stringify(unknown)}; there are ${PARTS.join(", ")}\n`);
    return 2;
  }

  const failed: string[] = [];
  for (const [name, commands] of Object.entries(STATIC)) {
    if (!interrupted && only.includes(name) && !(await timed(name, () => allSucceed(commands)))) failed.push(name);
  }
  const parts = TEST_PARTS.filter((part) => only.includes(part));
  let counts: TestCounts | undefined;
  if (parts.length > 0 && !interrupted) {
    const name = parts.length === TEST_PARTS.length ? "tests" : `tests: ${parts.join(", ")}`;
    const passed = await timed(name, async () => {
      const outcome = await runTests(parts);
      counts = outcome.counts;
      return outcome.passed;
    });
    if (!passed) failed.push("tests");
  }

  if (interrupted) failed.push("interrupted");
  process.stdout.write(failed.length === 0 ? "\n" : `\nphi: not right: ${failed.join(", ")}\n`);
  process.stdout.write(`phi: ${lastLine(parts.length > 0, counts, failed.length)}\n`);
  return failed.length === 0 ? 0 : 1;
}

function lastLine(tested: boolean, counts: TestCounts | undefined, failed: number): string {
  if (!tested) return failed === 0 ? "passed" : "failed";
  if (counts === undefined) return "the tests did not finish";
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted = true;
    endRunning(`it was told to by ${signal}`);
  });
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`scripts/test: ${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
