import os from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { measureAppend } from "./audit/append.js";
import { measureExport, measureStalls } from "./audit/export-and-stalls.js";
import { measureExportRate } from "./audit/export-rate.js";
import { measureFirstRow } from "./audit/first-row.js";
import { measureIssuePath } from "./audit/issue-path.js";
import { isKept, type Line } from "./audit/line.js";
import { measureVerify } from "./audit/verify.js";
import { openWorld, type World } from "./audit/world.js";

type Measures<Needs extends unknown[]> = Readonly<Record<string, (...needs: Needs) => Promise<Line[]>>>;

/** On ledgers of their own; on the long log's file, while its broker is stopped; and while both brokers run. */
const ALONE: Measures<[]> = { append: measureAppend, issue: measureIssuePath };
const ON_THE_FILE: Measures<[World]> = { verify: measureVerify, rate: measureExportRate };
const ON_THE_BROKERS: Measures<[World]> = { export: measureExport, row: measureFirstRow, stalls: measureStalls };
const PARTS = [...Object.keys(ALONE), ...Object.keys(ON_THE_FILE), ...Object.keys(ON_THE_BROKERS)];

interface Options {
  readonly events: number;
  readonly only?: readonly string[];
  readonly check?: boolean;
  readonly json?: boolean;
}

async function bench({ events, only = PARTS, check, json }: Options): Promise<number> {
  const lines: Line[] = [];
  const load = os.loadavg().map((value) => value.toFixed(1));
  const chosen = <Needs extends unknown[]>(measures: Measures<Needs>) =>
    Object.entries(measures).filter(([name]) => only.includes(name));
  async function measure<Needs extends unknown[]>(measures: Measures<Needs>, ...needs: Needs): Promise<void> {
    for (const [name, one] of chosen(measures)) {
      process.stderr.write(`measuring ${name} …\n`);
      const found = await one(...needs);
      lines.push(...found);
      // A long run that is cut off has said something.
      process.stderr.write(table(found));
    }
  }

  await measure(ALONE);
  if (chosen(ON_THE_FILE).length + chosen(ON_THE_BROKERS).length > 0) {
    const world = await openWorld(events);
    try {
      await measure(ON_THE_FILE, world);
      await world.full.environment.restartBroker();
      await measure(ON_THE_BROKERS, world);
    } finally {
      await world.close();
    }
  }
  process.stdout.write(json === true ? `${JSON.stringify({ node: process.version, load, lines })}\n` : table(lines));
  if (json !== true) process.stdout.write(`load at the start ${load.join(" ")}, ${os.cpus().length} processors\n`);
  return check === true && !lines.every(isKept) ? 1 : 0;
}

function table(lines: readonly Line[]): string {
  const rows = [["", "phi", "against", "value", "promised", ""], ...lines.map(cells)];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const text = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => `${text(row).trimEnd()}\n`).join("");
}

function cells(line: Line): string[] {
  const { what, phi, against, value, unit, promised } = line;
  const said = [what, phi, against, `${value.toFixed(unit === "×" ? 2 : 0)} ${unit}`];
  if (promised === "nothing") return [...said, "nothing", ""];
  const limit = "atMost" in promised ? `≤ ${promised.atMost}` : `≥ ${promised.atLeast}`;
  return [...said, limit, isKept(line) ? "kept" : "BROKEN"];
}

const program = new Command("bench:audit")
  .description(
    "What the signed audit log costs: a change, many changes and the whole issue path; and what a long log costs: verifying it, the first row of a week of it, an export of all of it, and how long others wait meanwhile. Each line is measured against its base in the same run.",
  )
  .option(
    "--events <n>",
    "events in the long log",
    (text) => {
      const events = /^\d{1,8}$/.test(text) ? Number(text) : 0;
      if (events < 1_000) throw new InvalidArgumentError("must be a number from 1000 on");
      return events;
    },
    1_000_000,
  )
  .option("--only <parts>", `these alone, with commas between: ${PARTS.join(", ")}`, (text) => {
    const only = text.split(",");
    if (!only.every((name) => PARTS.includes(name))) throw new InvalidArgumentError(`must be of ${PARTS.join(", ")}`);
    return only;
  })
  .option("--check", "exit 1 when a promise is not kept")
  .option("--json", "one JSON document on standard output")
  .action(async (options: Options) => {
    process.exitCode = await bench(options);
  });

await program.parseAsync();
