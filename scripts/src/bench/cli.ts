import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { startEnvironment } from "../environment/environment.js";
import { type Contestant, type Measured, measureInterleaved } from "./interleaved.js";
import { type Person, runPhi, signIn } from "./signed-in.js";

/** What the issue promises, as ratios to `node -e 0` in the same round. */
const PROMISED: Readonly<Record<string, number>> = { "phi --version": 1.6, "phi exec -- true": 2.5 };

const bin = fileURLToPath(new URL("../../../cli/bin/phi.cjs", import.meta.url));
const require = createRequire(import.meta.url);

/**
 * Environment of every contestant. NODE_EXTRA_CA_CERTS is left out: Node 20 parses that bundle at each start and takes
 * three times as long, phi and its peers alike.
 */
function bareEnvironment(home: string): Record<string, string> {
  const { PATH = "/usr/bin:/bin" } = process.env;
  return { PATH, HOME: home, XDG_STATE_HOME: path.join(home, "state"), PHI_KEYRING: "off" };
}

/** A peer that only sets variables; its bin as its package names it. */
function peer(name: string, packageName: string, args: readonly string[], env: Record<string, string>): Contestant {
  const manifest = require.resolve(`${packageName}/package.json`);
  const { bin: bins } = require(manifest) as { bin: Record<string, string> | string };
  const file = typeof bins === "string" ? bins : (Object.values(bins)[0] ?? "");
  return { name, file: process.execPath, args: [path.join(path.dirname(manifest), file), ...args], env };
}

/** alice with an approved request, through the real CLI. */
async function prepare(home: string, broker: string, issuer: string): Promise<Person> {
  const alice = { bin, env: bareEnvironment(path.join(home, "alice")) };
  const bob = { bin, env: bareEnvironment(path.join(home, "bob")) };
  await signIn(alice, "alice", broker, issuer);
  await signIn(bob, "bob", broker, issuer);
  const asked = await runPhi(alice, [
    "request",
    "db-prod",
    "--role",
    "readonly",
    "--for",
    "1h",
    "--reason",
    "bench",
    "--no-wait",
    "--json",
  ]).catch(async () =>
    // Off a terminal the request is still pending, exit 8: it is the newest of ours.
    JSON.stringify((JSON.parse(await runPhi(alice, ["requests", "--json"])) as { requests: unknown[] }).requests[0]),
  );
  const { request } = JSON.parse(asked) as { request: string };
  await runPhi(bob, ["approve", request, "--yes"]);
  return alice;
}

function printTable(measured: readonly Measured[]): void {
  const width = Math.max(...measured.map(({ name }) => name.length));
  process.stdout.write(`${"".padEnd(width)}  median ms     p10     p90   ratio   promised\n`);
  for (const { name, median, p10, p90, ratio } of measured) {
    const numbers = [median, p10, p90].map((value) => value.toFixed(1).padStart(8)).join("");
    const limit = PROMISED[name];
    const promised = limit === undefined ? "" : `  ≤ ${limit.toFixed(1)}  ${ratio <= limit ? "kept" : "BROKEN"}`;
    process.stdout.write(`${name.padEnd(width)} ${numbers}  ${ratio.toFixed(2).padStart(7)}${promised}\n`);
  }
}

async function bench(options: { rounds: number; json?: boolean; check?: boolean }): Promise<number> {
  const home = mkdtempSync(path.join(os.tmpdir(), "phi-bench-"));
  const world = await startEnvironment();
  try {
    const alice = await prepare(home, world.broker.url, world.issuer.url);
    const { env } = alice;
    const node = process.execPath;
    const measured = await measureInterleaved(
      [
        { name: "node -e 0", file: node, args: ["-e", "0"], env },
        { name: "phi --version", file: node, args: [bin, "--version"], env },
        { name: "phi prompt", file: node, args: [bin, "prompt"], env },
        { name: "phi exec -- true", file: node, args: [bin, "exec", "--", "true"], env },
        { name: "phi --help", file: node, args: [bin, "--help"], env },
        peer("dotenv -- true", "dotenv-cli", ["--", "true"], env),
        peer("dotenvx run -- true", "@dotenvx/dotenvx", ["run", "--quiet", "--", "true"], env),
      ],
      options.rounds,
      (round) => process.stderr.write(`\rround ${round} of ${options.rounds}${round === options.rounds ? "\n" : ""}`),
    );
    if (options.json === true)
      process.stdout.write(
        `${JSON.stringify({ node: process.version, rounds: options.rounds, measured, promised: PROMISED })}\n`,
      );
    else printTable(measured);
    const broken = measured.filter(({ name, ratio }) => ratio > (PROMISED[name] ?? Number.POSITIVE_INFINITY));
    return options.check === true && broken.length > 0 ? 1 : 0;
  } finally {
    await world.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000)
    throw new InvalidArgumentError("a whole number from 1 to 10000");
  return value;
}

await new Command("bench:cli")
  .description(
    "Start-up of the CLI against node itself and against peers that only set variables; phi exec makes and revokes a real PostgreSQL role.",
  )
  .option("--rounds <n>", "rounds; every contestant runs once in each", positive, 25)
  .option("--json", "one JSON value on stdout")
  .option("--check", "end with 1 when a promised ratio is broken")
  .action(async (options: { rounds: number; json?: boolean; check?: boolean }) => {
    process.exitCode = await bench(options);
  })
  .parseAsync();
