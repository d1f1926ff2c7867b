import os from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { measureAppend } from "./audit/append.js";
import { isKept, type Line } from "./audit/line.js";
import { measureVerify } from "./audit/verify.js";

async function bench({ events, check, json }: { events: number; check?: boolean; json?: boolean }): Promise<number> {
  const load = os.loadavg().map((value) => value.toFixed(1));
  const lines = [...(await measureAppend()), ...(await measureVerify(events))];
  process.stdout.write(
    json === true
      ? `${JSON.stringify({ node: process.version, load, lines })}\n`
      : `${lines.map(inWords).join("")}load at the start ${load.join(" ")}, ${os.cpus().length} processors\n`,
  );
  return check === true && !lines.every(isKept) ? 1 : 0;
}

function inWords(line: Line): string {
  const promised = "atMost" in line.promised ? `≤ ${line.promised.atMost}` : `≥ ${line.promised.atLeast}`;
  const value = `${line.value.toFixed(line.unit === "×" ? 2 : 0)} ${line.unit}`;
  return `${line.what}: ${line.phi}, ${line.against}: ${value} (promised ${promised}: ${isKept(line) ? "kept" : "BROKEN"})\n`;
}

const program = new Command("bench:audit-log")
  .description(
    "What the signed log costs a write, and how fast a whole log is verified. Each line is measured against its base in the same run.",
  )
  .option(
    "--events <n>",
    "events in the log that is verified",
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
