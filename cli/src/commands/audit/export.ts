import { once } from "node:events";
import { open, rename, rm } from "node:fs/promises";
import { exportFormat } from "@phi/shared/contract/audit-event";
import { PhiError } from "@phi/shared/errors";
import { nearest, printable } from "@phi/shared/text";
import type { Command } from "commander";
import { queryText } from "../../broker-client/query-text.js";
import type { Run } from "../../command-module.js";
import { helpWithExamples } from "../../help-layout.js";
import type { Invocation } from "../../invocation.js";
import { listenForInterrupt } from "../../terminal/interrupted.js";
import { say } from "../../terminal/output.js";
import { type FilterFlags, readFilter } from "./filter-flags.js";

interface Flags extends FilterFlags {
  readonly format: string;
  readonly output?: string;
  /** Flags of `phi audit` that an export has no use for. */
  readonly limit?: string;
  readonly follow?: boolean;
  readonly utc?: boolean;
}

const LINE_END = 0x0a;

/** `phi audit export`: everything that fits, in a form that other programs read. */
export function defineExport(command: Command, run: Run): void {
  helpWithExamples(command, [
    "phi audit export --since 90d --format csv --output q3.csv",
    "phi audit export --format ocsf | upload-to-siem",
  ])
    .description("Write every event that fits, for other programs: nothing is cut, and it needs no memory.")
    .option("--format <format>", `${exportFormat.options.join(", ")}`, "jsonl")
    .option("-o, --output <file>", "write to a new file, for your eyes only, which is there when it is whole")
    // The filter's flags are those of `phi audit`, which reads them wherever they stand.
    .action(() => run((phi) => exportEvents(phi, command.optsWithGlobals<Flags>())));
}

async function exportEvents(phi: Invocation, flags: Flags): Promise<number> {
  const format = readFormat(flags.format);
  const strange = (["limit", "follow", "utc"] as const).find((flag) => flags[flag] !== undefined);
  if (strange !== undefined)
    throw new PhiError("usage", `--${strange} is for reading; an export is everything that fits, in UTC.`);
  const broker = await phi.broker();
  const filter = await readFilter(phi, flags, broker.now(), undefined);
  const interrupt = listenForInterrupt();
  try {
    const pieces = await phi.download(`/v1/audit/export${queryText({ ...filter, format })}`, interrupt.signal);
    const { stdout } = phi.terminal;
    const lines =
      flags.output === undefined
        ? await copy(pieces, async (piece) => {
            if (!stdout.write(piece)) await once(stdout, "drain");
          })
        : await writeFile(flags.output, pieces);
    // The header of a table, or the checkpoint that an export of the whole log begins with.
    const isWhole = format === "jsonl" && Object.keys(filter).length === 0 && (await broker.me()).mayAudit;
    const count = format === "csv" || isWhole ? lines - 1 : lines;
    say(
      phi.terminal,
      `${count} ${count === 1 ? "event" : "events"}${flags.output === undefined ? "." : ` in ${printable(flags.output)}.`}`,
    );
    return 0;
  } finally {
    interrupt.release();
  }
}

/** The file appears under its name only when it is whole, and never in place of another. */
async function writeFile(path: string, pieces: AsyncIterable<Buffer>): Promise<number> {
  const partial = `${path}.part`;
  try {
    const name = await open(path, "wx", 0o600);
    await name.close();
    const file = await open(partial, "w", 0o600);
    try {
      const lines = await copy(pieces, async (piece) => {
        await file.writeFile(piece);
      });
      await file.sync();
      await rename(partial, path);
      return lines;
    } catch (error) {
      await Promise.all([rm(partial, { force: true }), rm(path, { force: true })]);
      throw error;
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof PhiError || typeof code !== "string") throw error;
    throw new PhiError("local_state", `${printable(path)} cannot be written (${code}).`, {
      hint: code === "EEXIST" ? "It is there already; name another file." : undefined,
      cause: error,
    });
  }
}

/** Hands each piece on and counts the lines. */
async function copy(pieces: AsyncIterable<Buffer>, write: (piece: Buffer) => Promise<void>): Promise<number> {
  let lines = 0;
  for await (const piece of pieces) {
    for (let at = piece.indexOf(LINE_END); at !== -1; at = piece.indexOf(LINE_END, at + 1)) lines += 1;
    await write(piece);
  }
  return lines;
}

function readFormat(typed: string) {
  const format = exportFormat.options.find((known) => known === typed);
  if (format !== undefined) return format;
  throw new PhiError("invalid_input", `--format: there is no format "${printable(typed, 60)}".`, {
    hint: `did you mean ${nearest(typed, exportFormat.options) ?? exportFormat.options.join(", ")}?`,
  });
}
