import { type AuditFilter, auditKinds } from "@phi/shared/contract/audit-event";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { auditColumns } from "../terminal/audit-words.js";
import { say, writeJson } from "../terminal/output.js";
import { writeTable } from "../terminal/table.js";
import { instantForPeople } from "../terminal/times.js";
import { defineExport } from "./audit/export.js";
import { type FilterFlags, filterFlags, readFilter } from "./audit/filter-flags.js";
import { followLog } from "./audit/follow.js";
import { allEvents, newestEvents } from "./audit/pages.js";
import { defineProve } from "./audit/prove.js";
import { tellStory } from "./audit/story.js";
import { defineTrust } from "./audit/trust.js";
import { defineVerify } from "./audit/verify.js";

interface Flags extends FilterFlags {
  readonly limit?: string;
  readonly follow?: boolean;
  readonly utc?: boolean;
}

/** Looked back when nothing else is said; the story of one request is never cut. */
const USUAL_SINCE = "7d";
const USUAL_LIMIT = 200;
const LARGEST_LIMIT = 10_000;

export const examples = [
  "phi audit --since 7d --outcome refused",
  "phi audit --request req_7k3m",
  "phi audit --follow --resource db-prod",
  "phi audit --actor alice --kind session --json",
];

export function define(command: Command, run: Run): void {
  filterFlags(command, `${USUAL_SINCE}; with --request, and for export: all of it`)
    .option("--limit <n>", `at most this many, the last ones (${USUAL_LIMIT}; with --json: all)`)
    .option("-f, --follow", "go on with what happens, until Ctrl-C")
    .option("--utc", "times in UTC instead of this machine's")
    .addHelpText(
      "after",
      () =>
        `\nWith --request alone: the story of one access, from ask to revocation.\n\nKinds of events:\n${Object.entries(
          auditKinds,
        )
          .map(([kind, words]) => `  ${kind.padEnd(26)} ${words}`)
          .join("\n")}`,
    )
    .action((flags: Flags) => run((phi) => audit(phi, flags)));
  defineExport(command.command("export").copyInheritedSettings(command), run);
  defineVerify(command.command("verify").copyInheritedSettings(command), run);
  defineProve(command.command("prove").copyInheritedSettings(command), run);
  defineTrust(command.command("trust").copyInheritedSettings(command), run);
}

async function audit(phi: Invocation, flags: Flags): Promise<number> {
  const broker = await phi.broker();
  const limit = readLimit(flags.limit);
  if (flags.follow === true && flags.until !== undefined)
    throw new PhiError("usage", "--follow goes on until Ctrl-C, so --until cannot be with it.");
  const filter = await readFilter(phi, flags, broker.now(), flags.request === undefined ? USUAL_SINCE : undefined);
  const { request, ...others } = filter;
  if (flags.follow === true) return followLog(phi, filter, { limit, utc: flags.utc === true });
  if (phi.terminal.json && limit === undefined) return streamAll(phi, filter);
  if (request !== undefined && limit === undefined && Object.keys(others).length === 0)
    return tellStory(phi, request, { utc: flags.utc === true });
  return list(phi, filter, flags, limit ?? USUAL_LIMIT);
}

/** One event per line as the pages come, so that a million of them need no memory. */
async function streamAll(phi: Invocation, filter: AuditFilter): Promise<number> {
  for await (const events of allEvents(await phi.broker(), filter))
    for (const event of events) writeJson(phi.terminal, event);
  return 0;
}

/** The last events, in the order in which they happened: the newest is the last line. */
async function list(phi: Invocation, filter: AuditFilter, flags: Flags, limit: number): Promise<number> {
  const { terminal } = phi;
  const utc = flags.utc === true;
  const { events, cut } = await newestEvents(await phi.broker(), filter, limit);
  if (terminal.json) for (const event of events) writeJson(terminal, event);
  else writeTable(terminal, phi.paint.data, auditColumns({ utc }), events);
  const [oldest] = events;
  if (oldest === undefined) {
    const inTime = flags.since === undefined && flags.request === undefined ? ` in the last ${USUAL_SINCE}` : "";
    say(terminal, `No events${inTime} that you may see and that fit.`);
  } else if (cut) {
    say(
      terminal,
      `These are the last ${events.length}, since ${instantForPeople(Date.parse(oldest.at), utc)}. There are older ones: --limit ${Math.min(limit * 10, LARGEST_LIMIT)}, --until, or --json for all.`,
    );
  }
  return 0;
}

function readLimit(typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const limit = /^\d{1,7}$/.test(typed) ? Number(typed) : 0;
  if (limit >= 1 && limit <= LARGEST_LIMIT) return limit;
  throw new PhiError(
    "invalid_input",
    `--limit: "${printable(typed, 60)}" is not a number from 1 to ${LARGEST_LIMIT}.`,
    {
      hint: "for more: phi audit --json gives all of them",
    },
  );
}
