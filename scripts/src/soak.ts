import { Command, InvalidArgumentError } from "commander";
import { runSoak } from "./soak/run-soak.js";

/** Promised while one broker and the target are up, in ms. */
const LATE_AT_MOST = 10_000;

interface Options {
  readonly minutes: number;
  readonly leases: number;
  readonly brokers: number;
  readonly json?: boolean;
}

async function soak({ minutes, leases, brokers, json }: Options): Promise<number> {
  const report = await runSoak({ brokers, leases, seconds: minutes * 60 });
  const isRight =
    report.orphans.length === 0 &&
    report.faults.length === 0 &&
    report.leases >= leases &&
    report.lateness.p99 < LATE_AT_MOST;
  if (json === true) process.stdout.write(`${JSON.stringify({ ...report, isRight })}\n`);
  else {
    const blows = Object.entries(report.blows).map(([name, count]) => `${name} ${count}×`);
    process.stdout.write(
      `${[
        `${report.leases} leases (${leases} wanted), ${brokers} ${brokers === 1 ? "broker" : "brokers"}, ${report.failedCalls} calls failed`,
        `trouble: ${blows.join(", ")}`,
        `left behind: ${report.orphans.length}; wrong on record: ${report.faults.length}`,
        ...[...report.orphans, ...report.faults].slice(0, 20).map((one) => `  ${one}`),
        `late, while a broker and the target were up: median ${report.lateness.median} ms, p99 ${report.lateness.p99} ms (promised < ${LATE_AT_MOST}), largest ${report.lateness.largest} ms`,
        `nothing left ${(report.settledAfter / 1000).toFixed(1)} s after the end of the trouble`,
      ].join("\n")}\n`,
    );
  }
  return isRight ? 0 : 1;
}

const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value <= 1_000_000)) throw new InvalidArgumentError("a number greater than 0");
  return value;
};

await new Command("soak")
  .description(
    "People at work on real brokers while network, target and brokers fail; then everything must be gone, and on record once.",
  )
  .option("--minutes <n>", "how long there is trouble", positive, 10)
  .option("--leases <n>", "how many leases there must be by then", positive, 5_000)
  .option("--brokers <n>", "1 works on a file, several on one libSQL server", positive, 3)
  .option("--json", "one JSON value on stdout")
  .action(async (options: Options) => {
    process.exitCode = await soak(options);
  })
  .parseAsync();
// Not left to end by itself: Node 20 frees what is left at its natural end, and with connections that were reset while they were being shut
// that loop (`Environment::CleanupHandles`) waits, at full CPU, for an answer that never comes. An exit on purpose skips it.
process.exit();
