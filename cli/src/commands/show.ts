import { PhiError } from "@phi/shared/errors";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { awaitDecision } from "../requests/await-decision.js";
import { reportDecision } from "../requests/report-decision.js";
import { readRequestId } from "../requests/typed-id.js";
import { readLength } from "../requests/typed-length.js";
import { nextCommands } from "../terminal/next-commands.js";
import { writeData, writeJson } from "../terminal/output.js";
import { requestCard } from "../terminal/request-card.js";

interface Flags {
  readonly wait?: boolean;
  readonly timeout?: string;
}

export const examples = ["phi show req_7k3m", "phi show --wait req_7k3m"];

export function define(command: Command, run: Run): void {
  command
    .argument("<id>", "the request, or the beginning of its id")
    .option("--wait", "wait until it is decided; the exit code is then that of phi request")
    .option("--timeout <length>", "with --wait: stop waiting after this long, with exit code 6")
    .action((id: string, flags: Flags) => run((phi) => show(phi, id, flags)));
}

async function show(phi: Invocation, typed: string, flags: Flags): Promise<number> {
  const timeout = flags.timeout === undefined ? undefined : readLength(flags.timeout, "--timeout");
  if (timeout !== undefined && flags.wait !== true)
    throw new PhiError("usage", "--timeout belongs to --wait.", { hint: phi.typed("show", "--wait", typed) });
  const { terminal } = phi;
  const broker = await phi.broker();
  const view = await broker.request(readRequestId(phi, typed));
  if (flags.wait !== true) {
    if (terminal.json) writeJson(terminal, view);
    else {
      const shown = phi.typed("show", view.request);
      const next = nextCommands(view, (await phi.signedIn()).signIn.principal, phi.typed).filter(
        (command) => command !== shown,
      );
      for (const line of requestCard(view, { now: broker.now(), paint: phi.paint.data, next }))
        writeData(terminal, line);
    }
    return 0;
  }
  const waiting = await awaitDecision(phi, view, timeout);
  if (terminal.json) writeJson(terminal, waiting.view);
  else writeData(terminal, `${waiting.view.request}\t${waiting.view.state}`);
  return reportDecision(phi, waiting);
}
