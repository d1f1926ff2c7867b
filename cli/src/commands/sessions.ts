import type { SessionQuery, SessionView } from "@phi/shared/contract/session";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { type Instant, parsePast, toRfc3339 } from "@phi/shared/time";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { readRequestId } from "../requests/typed-id.js";
import { sessionColumns } from "../sessions/session-table.js";
import { say, writeJson } from "../terminal/output.js";
import { writeTable } from "../terminal/table.js";

interface Flags {
  readonly since?: string;
  readonly until?: string;
  readonly actor?: string;
  readonly resource?: string;
  readonly request?: string;
  readonly live?: boolean;
  readonly limit?: string;
}

/** The broker gives at most so many at once. */
const PAGE = 500;
const USUAL_LIMIT = 50;
const LARGEST_LIMIT = 10_000;

export const examples = ["phi sessions", "phi sessions --live", "phi sessions --since 7d --resource db-prod"];

export function define(command: Command, run: Run): void {
  command
    .option("--since <when>", "began at or after: a length of time ago, a date or an instant")
    .option("--until <when>", "began before")
    .option("--actor <name>", "name or subject of who ran it")
    .option("--resource <name>", "on this resource")
    .option("--request <id>", "under this request")
    .option("--live", "those that run now")
    .option("--limit <n>", `at most this many, newest first (${USUAL_LIMIT})`)
    .action((flags: Flags) => run((phi) => sessions(phi, flags)));
}

async function sessions(phi: Invocation, flags: Flags): Promise<number> {
  const { terminal } = phi;
  const limit = readLimit(flags.limit);
  const broker = await phi.broker();
  const request =
    flags.request === undefined ? undefined : (await broker.request(readRequestId(phi, flags.request))).request;
  const query: Partial<SessionQuery> = {
    ...instantOf("since", flags.since, broker.now()),
    ...instantOf("until", flags.until, broker.now()),
    ...(flags.actor === undefined ? {} : { actor: flags.actor }),
    ...(flags.resource === undefined ? {} : { resource: flags.resource }),
    ...(request === undefined ? {} : { request }),
    ...(flags.live === true ? { live: "true" } : {}),
  };

  const found: SessionView[] = [];
  let before: string | undefined;
  do {
    const page = await broker.sessions({
      ...query,
      limit: Math.min(PAGE, limit - found.length),
      ...(before === undefined ? {} : { before }),
    });
    found.push(...page.sessions);
    // A page that brings nothing would be asked for for ever.
    before = page.sessions.length === 0 ? undefined : page.next;
  } while (before !== undefined && found.length < limit);

  if (terminal.json) writeJson(terminal, { sessions: found, ...(before === undefined ? {} : { next: before }) });
  else writeTable(terminal, phi.paint.data, sessionColumns(broker.now()), found);
  if (found.length === 0) say(terminal, "There is no session that you may see and that fits.");
  if (before !== undefined) say(terminal, `There are more; these are the newest ${found.length}. Use --limit.`);
  return 0;
}

function instantOf(name: "since" | "until", text: string | undefined, now: Instant): Partial<SessionQuery> {
  if (text === undefined) return {};
  const instant = parsePast(text, now);
  if (instant !== undefined) return { [name]: toRfc3339(instant) };
  throw new PhiError("invalid_input", `--${name}: "${printable(text, 60)}" is not a point in time.`, {
    hint: "write it like 7d (seven days ago), 2026-11-22 or 2026-11-22T17:05:00Z",
  });
}

function readLimit(typed: string | undefined): number {
  if (typed === undefined) return USUAL_LIMIT;
  const limit = /^\d{1,6}$/.test(typed) ? Number(typed) : 0;
  if (limit >= 1 && limit <= LARGEST_LIMIT) return limit;
  throw new PhiError("invalid_input", `--limit: "${printable(typed, 60)}" is not a number from 1 to ${LARGEST_LIMIT}.`);
}
