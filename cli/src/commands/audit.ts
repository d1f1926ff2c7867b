import { type AuditEvent, type AuditQuery, auditKinds } from "@phi/shared/contract/audit-event";
import { parseId } from "@phi/shared/ids";
import type { Command } from "commander";
import type { BrokerClient } from "../broker-client/client.js";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { readRequestId } from "../requests/typed-id.js";
import { AUDIT_COLUMNS } from "../terminal/audit-words.js";
import { say, writeJson } from "../terminal/output.js";
import { writeTable } from "../terminal/table.js";
import { utcTime } from "../terminal/times.js";
import { type AuditFlags, readAuditFlags, USUAL_LIMIT, USUAL_SINCE } from "./audit/query.js";

/** Events of one answer; the broker gives no more. */
const PAGE = 1_000;

export const examples = [
  "phi audit --since 7d",
  "phi audit --request req_7k3m",
  "phi audit --actor alice --kind session --json",
];

export function define(command: Command, run: Run): void {
  command
    .option("--since <when>", `a length of time ago, a date or an instant (${USUAL_SINCE}; with --request: all of it)`)
    .option("--until <when>", "the same, exclusive (now)")
    .option("--actor <name>", "name or subject of who did it")
    .option("--resource <name>", "on this resource")
    .option("--request <id>", "the story of one request")
    .option("--kind <kind>", "a kind, or its first word: lease is every lease.*")
    .option("--limit <n>", `at most this many, oldest first (${USUAL_LIMIT})`)
    .addHelpText(
      "after",
      () =>
        `\nKinds of events:\n${Object.entries(auditKinds)
          .map(([kind, words]) => `  ${kind.padEnd(26)} ${words}`)
          .join("\n")}`,
    )
    .action((flags: AuditFlags) => run((phi) => audit(phi, flags)));
}

/** The trail, oldest first. `--json` writes one event per line as the pages come, so that a million of them need no memory. */
async function audit(phi: Invocation, flags: AuditFlags): Promise<number> {
  const { terminal } = phi;
  const broker = await phi.broker();
  const { query, limit } = readAuditFlags(flags, broker.now());
  const filters =
    flags.request === undefined ? query : { ...query, request: await wholeId(phi, broker, flags.request) };

  const rows: AuditEvent[] = [];
  let count = 0;
  let last: AuditEvent | undefined;
  let hasMore = false;
  for await (const { events, next } of pages(broker, filters, limit)) {
    count += events.length;
    last = events.at(-1) ?? last;
    hasMore = next !== undefined;
    if (!terminal.json) rows.push(...events);
    else for (const event of events) writeJson(terminal, event);
  }
  if (!terminal.json) writeTable(terminal, phi.paint.data, AUDIT_COLUMNS, rows);
  if (count === 0)
    say(
      terminal,
      `No events${flags.since === undefined && flags.request === undefined ? ` in the last ${USUAL_SINCE}` : ""} that you may see and that fit.`,
    );
  if (hasMore && last !== undefined) {
    say(
      terminal,
      `There are more: these ${count} end at ${utcTime(Date.parse(last.at))}. Use --limit, or --since to begin later.`,
    );
  }
  return 0;
}

/** Pages until there are no more or `limit` events were given. */
async function* pages(broker: BrokerClient, filters: Partial<AuditQuery>, limit: number) {
  let left = limit;
  let after: number | undefined;
  while (left > 0) {
    const page = await broker.audit({
      ...filters,
      limit: Math.min(PAGE, left),
      ...(after === undefined ? {} : { after }),
    });
    yield page;
    left -= page.events.length;
    // A page that does not move on would be asked for for ever.
    if (page.next === undefined || page.events.length === 0 || page.next <= (after ?? 0)) return;
    after = page.next;
  }
}

/** The audit API takes whole ids; a shortened one is looked up. */
async function wholeId(phi: Invocation, broker: BrokerClient, typed: string): Promise<string> {
  const whole = parseId("request", typed);
  return whole ?? (await broker.request(readRequestId(phi, typed))).request;
}
