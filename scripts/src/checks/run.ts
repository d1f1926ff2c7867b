import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  lint: [[bin("biome"), "check", "."]],
  boundaries: [[process.execPath, join("scripts", "dist", "checks", "boundaries.js")]],
};
const PARTS = [...Object.keys(STATIC), ...TEST_PARTS];

/** Bundles of certificates are read anew by each Node process and make every one of them slow. */
const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;

let running: ChildProcess | undefined;

/** Runs a program with our output; whether it ended well. */
function succeeds([command = "", ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    running = spawn(command, args, { cwd: root, env: environment, stdio: ["ignore", "inherit", "inherit"] });
    running.once("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve(false);
    });
    running.once("exit", (code) => resolve(code === 0));
  });
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
    if (only.includes(name) && !(await timed(name, () => allSucceed(commands)))) failed.push(name);
  }
  const parts = TEST_PARTS.filter((part) => only.includes(part));
  let counts: TestCounts | undefined;
  if (parts.length > 0) {
    const name = parts.length === TEST_PARTS.length ? "tests" : `tests: ${parts.join(", ")}`;
    const passed = await timed(name, async () => {
      const outcome = await runTests(parts);
      counts = outcome.counts;
      return outcome.passed;
    });
    if (!passed) failed.push("tests");
  }

  process.stdout.write(`\n${failed.length === 0 ? "" : `phi: not right: ${failed.join(", ")}\n`}`);
  if (parts.length === 0)
    process.stdout.write(`phi: ${only.join(", ")} ${failed.length === 0 ? "passed" : "failed"}\n`);
  else if (counts === undefined) process.stdout.write("phi: the tests did not finish\n");
  else process.stdout.write(`phi: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  return failed.length === 0 ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    running?.kill(signal);
    process.exitCode = 1;
    running?.once("exit", () => process.exit(1));
  });
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`scripts/test: ${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
