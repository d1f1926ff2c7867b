import { type ExtensionOrder, extensionOrder, type RequestView } from "@phi/shared/contract/request";
import { parseDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import type { Command } from "commander";
import { keepLaterEnd } from "../child/later-end.js";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { askReason } from "../requests/ask-reason.js";
import { awaitDecision } from "../requests/await-decision.js";
import { chooseRequest } from "../requests/choose-request.js";
import { reportDecision } from "../requests/report-decision.js";
import { reportPending } from "../requests/report-pending.js";
import { readLength } from "../requests/typed-length.js";
import { issueWords } from "../requests/typed-reason.js";
import { ask } from "../terminal/ask.js";
import { say, writeData, writeJson } from "../terminal/output.js";
import { requireAsking } from "../terminal/question.js";
import { approvalWords, untilWords, whatIsAsked } from "../terminal/request-words.js";

interface Flags {
  readonly for?: string;
  readonly reason?: string;
  readonly ticket?: string;
  readonly wait?: boolean;
  readonly timeout?: string;
}

export const examples = [
  'phi extend --for 15m --reason "the index is still being built"',
  "phi extend req_7k3m --for 15m",
  "phi extend req_7k3m --for 15m --no-wait",
];

export function define(command: Command, run: Run): void {
  command
    .argument("[id]", "the request, or the beginning of its id; without it, your only open one")
    .option("--for <length>", "how much longer: 15m, 1h")
    .option("-m, --reason <text>", "why; whoever answers reads it, and it stays on record")
    .option("--ticket <id>", "the incident or change it belongs to")
    .option("--wait", "wait for the answer (the default on a terminal)")
    .option("--no-wait", "return at once, with exit code 8 while it is pending")
    .option("--timeout <length>", "stop waiting after this long, with exit code 6; the extension stays asked for")
    .action((id: string | undefined, flags: Flags) => run((phi) => extend(phi, id, flags)));
}

/** More time for what is open now: an extension is a request of its own, and what runs goes on. */
async function extend(phi: Invocation, id: string | undefined, flags: Flags): Promise<number> {
  const { terminal } = phi;
  const timeout = flags.timeout === undefined ? undefined : readLength(flags.timeout, "--timeout");
  if (timeout !== undefined && flags.wait === false)
    throw new PhiError("usage", "--timeout and --no-wait exclude each other.");
  if (flags.for === undefined) requireAsking(terminal, "--for <length>");
  const typed = flags.for === undefined ? undefined : readOrder(flags.for, flags);
  const open = await chooseRequest(phi, {
    typed: id,
    verb: "extend",
    query: { scope: "mine", state: "active" },
    fits: (candidate) => candidate.mayUse,
    none: "Nothing of yours is open now, so there is nothing to extend.",
    takeOnlyOne: true,
  });
  const broker = await phi.broker();
  const order =
    typed === undefined || (typed.reason === undefined && terminal.mayAsk) ? await fill(phi, open, flags) : typed;
  const view = await broker.extend(open.request, order);
  const isWaiting =
    view.state === "pending" && (flags.wait ?? (timeout !== undefined || terminal.stderr.isTTY === true));
  say(terminal, `Asked for ${whatIsAsked(view)}. Who answers: ${approvalWords(view)}.`);
  // The id is there from now on, whatever becomes of the waiting.
  if (!terminal.json) writeData(terminal, view.request);
  if (view.state === "pending" && !isWaiting) return reportPending(phi, view);
  const waiting = await awaitDecision(phi, view, timeout);
  // For the prompt of a shell that has its credential from phi env.
  const { state, extends: extension } = waiting.view;
  if (state === "extended" && extension !== undefined)
    keepLaterEnd(phi.env, extension.request, Date.parse(extension.until));
  if (terminal.json) writeJson(terminal, waiting.view);
  return reportDecision(phi, waiting);
}

/** Asks for what was not typed: how much longer and, where policy wants one, the reason. */
async function fill(phi: Invocation, open: RequestView, flags: Flags): Promise<ExtensionOrder> {
  const broker = await phi.broker();
  const look = { colour: phi.terminal.colour.stderr };
  const length =
    flags.for ??
    (await ask(
      `How much longer? (${whatIsAsked(open)}, ${untilWords(open, broker.now())})`,
      {
        suggestion: "15m",
        problem: (answer) => (parseDuration(answer) === undefined ? "write it like 15m or 1h" : undefined),
      },
      look,
    ));
  const { resources } = await broker.resources();
  const offer = resources
    .find(({ resource }) => resource === open.resource)
    ?.roles.find(({ role }) => role === open.role);
  const reason = flags.reason ?? (offer?.reasonRequired === true ? await askReason(look) : undefined);
  if (length !== flags.for || reason !== flags.reason) {
    const why = reason === undefined ? [] : ["--reason", reason];
    const same = phi.typed("extend", open.request, "--for", length, ...why);
    say(phi.terminal, phi.paint.talk.faint(`the same without asking: ${same}`));
  }
  return readOrder(length, { ...flags, ...(reason === undefined ? {} : { reason }) });
}

/** Checks what was typed against the contract before anything is sent; one sentence names the flag. */
function readOrder(length: string, { reason, ticket }: Flags): ExtensionOrder {
  const parsed = extensionOrder.safeParse({
    duration: readLength(length, "--for"),
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = String(issue?.path[0] ?? "");
  throw new PhiError("invalid_input", `--${field === "duration" ? "for" : field}: ${issueWords(issue)}.`, {
    hint: "phi help extend",
  });
}
