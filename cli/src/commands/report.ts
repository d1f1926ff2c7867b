import { type Report, reportBy } from "@phi/shared/contract/report";
import { PhiError } from "@phi/shared/errors";
import { nearest, printable } from "@phi/shared/text";
import { toRfc3339 } from "@phi/shared/time";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { readPast } from "../requests/typed-past.js";
import { csvLine } from "../terminal/csv.js";
import { say, writeJson } from "../terminal/output.js";
import { CSV_FIELDS, reportColumns, totalWords } from "../terminal/report-words.js";
import { writeTable } from "../terminal/table.js";

interface Flags {
  readonly since: string;
  readonly until?: string;
  readonly by?: string;
  readonly person?: string;
  readonly resource?: string;
  readonly csv?: boolean;
  readonly utc?: boolean;
}

export const examples = [
  "phi report --since 90d",
  "phi report --since 90d --by team",
  "phi report --since 1w --csv > review.csv",
];

export function define(command: Command, run: Run): void {
  command
    .option("--since <when>", "a length of time ago, a date or an instant", "90d")
    .option("--until <when>", "the same, exclusive (now)")
    .option("--by <what>", "one row per person, resource or team (by default per person, resource and role)")
    .option("--person <name>", "only of this person")
    .option("--resource <name>", "only on this resource")
    .option("--csv", "as CSV: milliseconds, instants in UTC")
    .option("--utc", "times in UTC instead of this machine's")
    .action((flags: Flags) => run((phi) => showReport(phi, flags)));
}

/** Who had what, for how long, who said yes and how fast. Auditors and admins see everybody, others themselves. */
async function showReport(phi: Invocation, flags: Flags): Promise<number> {
  const { terminal } = phi;
  if (flags.csv === true && terminal.json) throw new PhiError("usage", "--csv and --json exclude each other.");
  const by = readBy(flags.by);
  const broker = await phi.broker();
  const now = broker.now();
  const found = await broker.report({
    since: toRfc3339(readPast(flags.since, "--since", now)),
    by,
    ...(flags.until === undefined ? {} : { until: toRfc3339(readPast(flags.until, "--until", now)) }),
    ...(flags.person === undefined ? {} : { person: flags.person }),
    ...(flags.resource === undefined ? {} : { resource: flags.resource }),
  });
  if (terminal.json) writeJson(terminal, found);
  else if (flags.csv === true) writeCsv(phi, found);
  else writeTable(terminal, phi.paint.data, reportColumns(by, flags.utc === true), found.rows);
  if (!terminal.json) say(terminal, totalWords(found.total));
  if (found.cut)
    say(
      terminal,
      `There are more rows; these are the ${found.rows.length} with the most open time. Use --resource or --person.`,
    );
  return 0;
}

function writeCsv(phi: Invocation, { rows }: Report): void {
  const { stdout } = phi.terminal;
  stdout.write(csvLine(CSV_FIELDS.map(([name]) => name)));
  for (const row of rows) stdout.write(csvLine(CSV_FIELDS.map(([, value]) => printable(String(value(row) ?? "")))));
}

function readBy(typed: string | undefined): Report["by"] {
  const by = reportBy.options.find((known) => known === (typed ?? "access"));
  if (by !== undefined) return by;
  const near = nearest(typed ?? "", reportBy.options);
  throw new PhiError("invalid_input", `--by: there is no report by "${printable(typed ?? "", 60)}".`, {
    hint: near === undefined ? `one of ${reportBy.options.join(", ")}` : `did you mean ${near}?`,
  });
}
