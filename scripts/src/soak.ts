import { Command, InvalidArgumentError } from "commander";
import { runSoak, type SoakReport } from "./soak/run-soak.js";
import { judgeSoak, LATE_AT_MOST, type SoakVerdict } from "./soak/verdict.js";

interface Options {
  readonly minutes: number;
  readonly leases: number;
  readonly brokers: number;
  readonly json?: boolean;
}

/** Exit codes; 75 as sysexits(3) has it: try again, when the machine is free. */
const CODES: Readonly<Record<SoakVerdict, number>> = { kept: 0, broken: 1, unclear: 75 };

async function soak({ minutes, leases, brokers, json }: Options): Promise<number> {
  const report = await runSoak({ brokers, leases, seconds: minutes * 60 });
  const verdict = judgeSoak(report, leases);
  process.stdout.write(
    json === true ? `${JSON.stringify({ ...report, verdict })}\n` : inWords(report, verdict, { leases, brokers }),
  );
  return CODES[verdict];
}

function inWords(
  report: SoakReport,
  verdict: SoakVerdict,
  { leases, brokers }: Pick<Options, "leases" | "brokers">,
): string {
  const times = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}×`)
      .join(", ");
  const { notPhi, lateness } = report;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const some = (list: readonly string[]) => list.slice(0, 20).map((one) => `  ${one}`);
  const lines = [
    `${report.leases} leases (${leases} wanted) in ${report.seconds} s, ${brokers} ${brokers === 1 ? "broker" : "brokers"}, ${report.failedCalls} calls failed`,
    `trouble: ${times(report.blows)}; the slowest start took ${(report.slowestStart / 1_000).toFixed(1)} s`,
    `brokers said: ${times(report.said) || "nothing"}`,
    `left behind: ${report.orphans.length}; wrong on record: ${report.faults.length}; did not come back: ${report.failures.length}`,
    ...some([...report.orphans, ...report.faults, ...report.failures]),
    `late, while a broker, the target and the database were up: median ${lateness.median} ms, p99 ${lateness.p99} ms (promised < ${LATE_AT_MOST}), largest ${lateness.largest} ms`,
    `nothing left ${(report.settledAfter / 1_000).toFixed(1)} s after the end of the trouble`,
    `not phi's: the machine ran nothing ${percent(notPhi.starvedShare)} of the time, others used ${notPhi.othersShare === undefined ? "?" : percent(notPhi.othersShare)} of its processors, the database server was silent ${percent(notPhi.silentShare)} of the time`,
    ...some(notPhi.notes),
    { kept: "kept", broken: "BROKEN", unclear: "UNCLEAR: run it again on a machine with less to do" }[verdict],
  ];
  return `${lines.join("\n")}\n`;
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
  .option("--minutes <n>", "how long there is trouble; half as long again while leases are missing", positive, 8)
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
