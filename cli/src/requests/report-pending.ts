import type { RequestView } from "@phi/shared/contract/request";
import { printable } from "@phi/shared/text";
import type { Invocation } from "../invocation.js";
import { say, writeJson } from "../terminal/output.js";
import { untilWords } from "../terminal/request-words.js";
import { decisionExit } from "./report-decision.js";

/** Nobody waits for the answer: says how long it is open and how to wait for it, and gives the exit code. */
export async function reportPending(phi: Invocation, view: RequestView): Promise<number> {
  if (phi.terminal.json) writeJson(phi.terminal, view);
  const now = (await phi.broker()).now();
  say(
    phi.terminal,
    `It is pending: ${printable(untilWords(view, now))} unless somebody answers. Wait for it: ${phi.typed("show", "--wait", view.request)}`,
  );
  return decisionExit(view);
}
