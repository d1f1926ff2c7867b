import { Command, Option } from "commander";
import { measureAlone } from "./leases/alone.js";
import { measureCycles } from "./leases/cycles.js";
import { measureLargeLedger } from "./leases/large-ledger.js";
import { isKept, type Line } from "./leases/line.js";
import { measureTogether } from "./leases/together.js";
import { type Account, openWorld, type World } from "./leases/world.js";

const PARTS: Readonly<Record<Line["part"], (world: World) => Promise<Line[]>>> = {
  a: measureAlone,
  b: measureTogether,
  c: measureCycles,
  d: measureLargeLedger,
};

interface Options {
  readonly only?: Line["part"];
  readonly account: Account;
  readonly check?: boolean;
  readonly json?: boolean;
}

async function bench({ only, account, check, json }: Options): Promise<number> {
  const world = await openWorld(account);
  const lines: Line[] = [];
  try {
    for (const [part, measure] of Object.entries(PARTS)) {
      if (only !== undefined && part !== only) continue;
      process.stderr.write(`part ${part} …\n`);
      lines.push(...(await measure(world)));
    }
  } finally {
    await world.close();
  }
  process.stdout.write(json === true ? `${JSON.stringify({ node: process.version, lines })}\n` : table(lines));
  return check === true && !lines.every(isKept) ? 1 : 0;
}

function table(lines: readonly Line[]): string {
  const rows = [
    ["", "phi", "against", "value", "promised", ""],
    ...lines.map((line) => [
      line.what,
      line.phi,
      line.against,
      line.part === "a" ? `${line.value.toFixed(0)} ms` : `${line.value.toFixed(2)} ×`,
      "atMost" in line.promised ? `≤ ${line.promised.atMost}` : `≥ ${line.promised.atLeast}`,
      isKept(line) ? "kept" : "BROKEN",
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

await new Command("bench:leases")
  .description(
    "How late revocation is and what it costs: the real broker and the real PostgreSQL, against doing it by hand, in one run.",
  )
  .addOption(
    new Option("--only <part>", "one part: alone, together, cycles per second, large ledger").choices([
      "a",
      "b",
      "c",
      "d",
    ]),
  )
  .addOption(
    new Option("--account <kind>", "the broker's account on the target, and that of the loops by hand")
      .choices(["least", "superuser"])
      .default("least"),
  )
  .option("--check", "end with 1 when a promise is broken")
  .option("--json", "one JSON value on stdout")
  .action(async (options: Options) => {
    process.exitCode = await bench(options);
  })
  .parseAsync();
