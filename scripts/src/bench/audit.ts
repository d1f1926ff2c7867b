import os from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { measureExport, measureStalls } from "./audit/export-and-stalls.js";
import { measureExportRate } from "./audit/export-rate.js";
import { measureFirstRow } from "./audit/first-row.js";
import { isKept, type Line } from "./audit/line.js";
import { openWorld, type World } from "./audit/world.js";

/** Measured while the full log's broker is stopped, on its file; and while both brokers run. */
const ON_THE_FILE: readonly ((world: World) => Promise<Line[]>)[] = [measureExportRate];
const ON_THE_BROKERS: readonly ((world: World) => Promise<Line[]>)[] = [measureExport, measureFirstRow, measureStalls];

async function bench({ events, check, json }: { events: number; check?: boolean; json?: boolean }): Promise<number> {
  const world = await openWorld(events);
  const lines: Line[] = [];
  const load = os.loadavg().map((value) => value.toFixed(1));
  try {
    for (const measure of ON_THE_FILE) lines.push(...(await measure(world)));
    process.stderr.write("starting the broker on it …\n");
    // The first start builds the tree over events that no broker wrote; its memory is of that, and not of what is measured.
    await (await world.full.environment.restartBroker()).stop();
    await world.full.environment.restartBroker();
    for (const measure of ON_THE_BROKERS) lines.push(...(await measure(world)));
  } finally {
    await world.close();
  }
  process.stdout.write(json === true ? `${JSON.stringify({ node: process.version, load, lines })}\n` : table(lines));
  if (json !== true) process.stdout.write(`load at the start ${load.join(" ")}, ${os.cpus().length} processors\n`);
  return check === true && !lines.every(isKept) ? 1 : 0;
}

function table(lines: readonly Line[]): string {
  const rows = [
    ["", "phi", "against", "value", "promised", ""],
    ...lines.map((line) => [
      line.what,
      line.phi,
      line.against,
      `${line.value.toFixed(line.unit === "×" ? 2 : 0)} ${line.unit}`,
      "atMost" in line.promised ? `≤ ${line.promised.atMost}` : `≥ ${line.promised.atLeast}`,
      isKept(line) ? "kept" : "BROKEN",
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const text = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => `${text(row).trimEnd()}\n`).join("");
}

const program = new Command("bench:audit")
  .description(
    "What a long audit log costs: the first row of a week of it, an export of all of it, and how long others wait for the broker meanwhile. Each line is measured against its base in the same run.",
  )
  .option(
    "--events <n>",
    "events in the full log",
    (text) => {
      const events = /^\d{1,8}$/.test(text) ? Number(text) : 0;
      if (events < 1_000) throw new InvalidArgumentError("must be a number from 1000 on");
      return events;
    },
    1_000_000,
  )
  .option("--check", "exit 1 when a promise is not kept")
  .option("--json", "one JSON document on standard output")
  .action(async (options: { events: number; check?: boolean; json?: boolean }) => {
    process.exitCode = await bench(options);
  });

await program.parseAsync();
