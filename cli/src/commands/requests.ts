import { type RequestScope, type RequestState, type RequestView, requestStates } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { nearest, printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { say, warn, writeJson } from "../terminal/output.js";
import { requestColumns } from "../terminal/request-table.js";
import { overdueLines } from "../terminal/request-words.js";
import { writeTable } from "../terminal/table.js";

interface Flags {
  readonly toApprove?: boolean;
  readonly toReview?: boolean;
  readonly all?: boolean;
  readonly mine?: boolean;
  readonly state?: string;
  readonly limit?: string;
}

/** The broker gives at most so many at once. */
const PAGE = 500;
const USUAL_LIMIT = 50;
const LARGEST_LIMIT = 10_000;

export const examples = ["phi requests", "phi requests --to-approve", "phi requests --all --state active"];

export function define(command: Command, run: Run): void {
  command
    .option("--mine", "what I asked for (the default)")
    .option("--to-approve", "what waits for my answer")
    .option("--to-review", "emergencies that wait for my review")
    .option("--all", "everything I may see")
    .option("--state <state>", `only these: ${requestStates.join(", ")}`)
    .option("--limit <n>", `at most this many, newest first (${USUAL_LIMIT})`)
    .action((flags: Flags) => run((phi) => requests(phi, flags)));
}

async function requests(phi: Invocation, flags: Flags): Promise<number> {
  const scopes = [
    flags.mine && "mine",
    flags.toApprove && "to_approve",
    flags.toReview && "to_review",
    flags.all && "all",
  ].filter((scope) => scope !== undefined && scope !== false);
  if (scopes.length > 1) throw new PhiError("usage", "--mine, --to-approve, --to-review and --all exclude each other.");
  const scope = (scopes[0] ?? "mine") as RequestScope;
  const state = readState(flags.state);
  const limit = readLimit(flags.limit);
  const broker = await phi.broker();

  const found: RequestView[] = [];
  let before: string | undefined;
  do {
    const page = await broker.requests({
      scope,
      limit: Math.min(PAGE, limit - found.length),
      ...(state === undefined ? {} : { state }),
      ...(before === undefined ? {} : { before }),
    });
    found.push(...page.requests);
    // A page that brings nothing would be asked for for ever.
    before = page.requests.length === 0 ? undefined : page.next;
  } while (before !== undefined && found.length < limit);

  const { terminal, paint } = phi;
  const now = broker.now();
  if (terminal.json) writeJson(terminal, { requests: found, ...(before === undefined ? {} : { next: before }) });
  else writeTable(terminal, paint.data, requestColumns(now), found);
  if (found.length === 0) say(terminal, emptyWords(scope, state));
  for (const line of found.flatMap((view) => overdueLines(view, now))) warn(terminal, paint.talk.bad(line));
  if (before !== undefined) say(terminal, `There are more; these are the newest ${found.length}. Use --limit.`);
  return 0;
}

function readState(typed: string | undefined): RequestState | undefined {
  const state = requestStates.find((known) => known === typed);
  if (typed === undefined || state !== undefined) return state;
  const near = nearest(typed, requestStates);
  throw new PhiError("invalid_input", `--state: there is no state "${printable(typed, 60)}".`, {
    hint: near === undefined ? `one of ${requestStates.join(", ")}` : `did you mean ${near}?`,
  });
}

function readLimit(typed: string | undefined): number {
  if (typed === undefined) return USUAL_LIMIT;
  const limit = /^\d{1,6}$/.test(typed) ? Number(typed) : 0;
  if (limit >= 1 && limit <= LARGEST_LIMIT) return limit;
  throw new PhiError("invalid_input", `--limit: "${printable(typed, 60)}" is not a number from 1 to ${LARGEST_LIMIT}.`);
}

function emptyWords(scope: RequestScope, state: RequestState | undefined): string {
  const which = state === undefined ? "" : ` that is ${state}`;
  switch (scope) {
    case "mine":
      return `You have no request${which}.`;
    case "to_approve":
      return `No request${which} waits for your answer.`;
    case "to_review":
      return `No emergency${which} waits for your review.`;
    case "all":
      return `There is no request${which} that you may see.`;
  }
}
