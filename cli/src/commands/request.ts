import { PhiError } from "@phi/shared/errors";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { awaitDecision } from "../requests/await-decision.js";
import { reportDecision } from "../requests/report-decision.js";
import { reportPending } from "../requests/report-pending.js";
import { readLength } from "../requests/typed-length.js";
import { say, writeData, writeJson } from "../terminal/output.js";
import { approvalWords, whatIsAsked } from "../terminal/request-words.js";
import { fillOrder } from "./request/fill-order.js";
import { readOrder, type TypedOrder } from "./request/order.js";

type Flags = Omit<TypedOrder, "resource"> & { readonly wait?: boolean; readonly timeout?: string };

export const examples = [
  'phi request db-prod --role readonly --for 30m --reason "INC-42"',
  "phi request                              (asks for the rest)",
  'phi request db-prod --role readwrite --for 15m --emergency -m "INC-42: orders are stuck"',
  'phi exec --request "$(phi request db-prod --for 30m -m INC-42 --wait)" -- psql',
];

export function define(command: Command, run: Run): void {
  command
    .argument("[resource]", "what you need, e.g. db-prod (see phi resources)")
    .option("--role <name>", "with which rights; may be left out when there is only one")
    .option("--for <length>", "for how long: 30m, 1h30m, 2d")
    .option("-m, --reason <text>", "why; whoever answers reads it, and it stays on record")
    .option("--ticket <id>", "the incident or change it belongs to")
    .option("--once", "for one command; the access ends with it")
    .option("--emergency", "take it now, where policy allows that; people are told, and somebody reviews it")
    .option("--wait", "wait for the answer (the default on a terminal)")
    .option("--no-wait", "return at once, with exit code 8 while it is pending")
    .option("--timeout <length>", "stop waiting after this long, with exit code 6; the request stays open")
    .action((resource: string | undefined, flags: Flags) => run((phi) => request(phi, resource, flags)));
}

async function request(phi: Invocation, resource: string | undefined, flags: Flags): Promise<number> {
  const { terminal } = phi;
  const timeout = flags.timeout === undefined ? undefined : readLength(flags.timeout, "--timeout");
  if (timeout !== undefined && flags.wait === false)
    throw new PhiError("usage", "--timeout and --no-wait exclude each other.");
  const { role, reason, ticket, once, emergency } = flags;
  const order = readOrder(await fillOrder(phi, { resource, role, for: flags.for, reason, ticket, once, emergency }));
  const broker = await phi.broker();
  const view = await broker.ask(order);
  const isWaiting =
    view.state === "pending" && (flags.wait ?? (timeout !== undefined || terminal.stderr.isTTY === true));

  if (view.emergency === undefined)
    say(terminal, `Asked for ${whatIsAsked(view)}. Who answers: ${approvalWords(view)}.`);
  else
    say(
      terminal,
      phi.paint.talk.bad(`EMERGENCY: you have ${whatIsAsked(view)}. It is on record, and people are told.`),
    );
  // The id is there from now on, whatever becomes of the waiting.
  if (!terminal.json) writeData(terminal, view.request);
  if (view.state === "pending" && !isWaiting) return reportPending(phi, view);
  const waiting = await awaitDecision(phi, view, timeout);
  if (terminal.json) writeJson(terminal, waiting.view);
  return reportDecision(phi, waiting);
}
