import { type DelegationView, delegationOrder } from "@phi/shared/contract/delegation";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { readLength } from "../requests/typed-length.js";
import { issueWords } from "../requests/typed-reason.js";
import { say, writeData, writeJson } from "../terminal/output.js";
import { personWords } from "../terminal/request-words.js";
import { type Column, writeTable } from "../terminal/table.js";
import { timeForPeople } from "../terminal/times.js";

interface Flags {
  readonly to?: string;
  readonly subject?: boolean;
  readonly for?: string;
  readonly resource?: string;
  readonly reason?: string;
  readonly end?: string | true;
}

export const examples = [
  'phi delegate --to bob --for 7d --reason "on holiday"',
  'phi delegate --to bob --for 2d --resource db-prod --reason "training"',
  "phi delegate                             (lists what is in force)",
  "phi delegate --end",
];

export function define(command: Command, run: Run): void {
  command
    .option("--to <name>", "who answers in my place: name or subject of somebody who has signed in")
    .option("--subject", "the name is the issuer's subject")
    .option("--for <length>", "for how long, at most 30d: 8h, 7d")
    .option("--resource <name>", "only for this one")
    .option("-m, --reason <text>", "why; it stays on record")
    .option("--end [id]", "take it back now")
    .action((flags: Flags) => run((phi) => delegate(phi, flags)));
}

async function delegate(phi: Invocation, flags: Flags): Promise<number> {
  if (flags.end !== undefined) return end(phi, flags.end);
  if (flags.to === undefined) return list(phi);
  if (flags.for === undefined || flags.reason === undefined) {
    throw new PhiError("usage", "A delegation has an end and a reason.", { hint: "Add --for 7d --reason <text>" });
  }
  const { to, subject, resource, reason } = flags;
  const parsed = delegationOrder.safeParse({
    to,
    duration: readLength(flags.for, "--for"),
    reason,
    ...(subject === undefined ? {} : { subject }),
    ...(resource === undefined ? {} : { resource }),
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = String(issue?.path[0] ?? "to");
    const words = field === "duration" ? "at most 30d" : issueWords(issue);
    throw new PhiError("invalid_input", `--${field === "duration" ? "for" : field}: ${words}.`);
  }
  const broker = await phi.broker();
  const made = await broker.delegate(parsed.data);
  say(phi.terminal, `${personWords(made.to)} answers in your place ${spanWords(made, broker.now())}.`);
  write(phi, made, "delegated");
  say(phi.terminal, `take it back: ${phi.paint.talk.accent(phi.typed("delegate", "--end", made.delegation))}`);
  return 0;
}

async function end(phi: Invocation, typed: string | true): Promise<number> {
  const broker = await phi.broker();
  const ended = await broker.endDelegation(typed === true ? await onlyOne(phi) : typed.trim().toLowerCase());
  say(phi.terminal, `${personWords(ended.to)} no longer answers in the place of ${personWords(ended.from)}.`);
  write(phi, ended, "ended");
  return 0;
}

/** The one that I gave, when there is only one. */
async function onlyOne(phi: Invocation): Promise<string> {
  const me = (await phi.signedIn()).signIn.principal;
  const { delegations } = await (await phi.broker()).delegations();
  const mine = delegations.filter(({ from }) => from.issuer === me.issuer && from.subject === me.subject);
  const [only, another] = mine;
  if (only === undefined) throw new PhiError("not_found", "You have handed nothing over.");
  if (another === undefined) return only.delegation;
  throw new PhiError("usage", "You have several delegations in force.", {
    hint: mine.map(({ delegation }) => phi.typed("delegate", "--end", delegation)).join("  or  "),
  });
}

async function list(phi: Invocation): Promise<number> {
  const broker = await phi.broker();
  const found = await broker.delegations();
  if (phi.terminal.json) {
    writeJson(phi.terminal, found);
    return 0;
  }
  const now = broker.now();
  const columns: Column<DelegationView>[] = [
    { head: "ID", cell: (one) => one.delegation },
    { head: "IN THE PLACE OF", cell: (one) => personWords(one.from), shrinks: true },
    { head: "ANSWERS", cell: (one) => personWords(one.to), shrinks: true },
    { head: "ON", cell: (one) => one.resource ?? "everything" },
    { head: "UNTIL", cell: (one) => timeForPeople(Date.parse(one.until), now) },
    { head: "WHY", cell: (one) => one.reason, shrinks: true },
  ];
  if (found.delegations.length > 0) writeTable(phi.terminal, phi.paint.data, columns, found.delegations);
  else say(phi.terminal, "No delegation of yours is in force, and nobody has handed theirs over to you.");
  return 0;
}

function write(phi: Invocation, view: DelegationView, state: string): void {
  if (phi.terminal.json) writeJson(phi.terminal, view);
  else writeData(phi.terminal, `${view.delegation}\t${state}`);
}

function spanWords({ resource, until }: DelegationView, now: number): string {
  const on = resource === undefined ? "" : `on ${printable(resource, 63)} `;
  return `${on}until ${timeForPeople(Date.parse(until), now)}`;
}
