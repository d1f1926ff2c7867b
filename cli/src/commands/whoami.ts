import { printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { writeData, writeJson } from "../terminal/output.js";
import { personWords } from "../terminal/request-words.js";
import { timeForPeople } from "../terminal/times.js";

export const examples = ["phi whoami"];

export function define(command: Command, run: Run): void {
  command.action(() => run(whoami));
}

/** Asks the broker, so that the answer is the broker's and not this machine's memory. */
async function whoami(phi: Invocation): Promise<number> {
  const { profile, broker: url } = await phi.signedIn();
  const broker = await phi.broker();
  const me = await broker.me();
  const { terminal } = phi;
  if (terminal.json) {
    writeJson(terminal, { ...me, broker: url.origin, profile });
    return 0;
  }
  const rights = [me.isAdmin ? "administrator" : "", me.mayAudit ? "may read the audit trail" : ""].filter(
    (right) => right !== "",
  );
  const faint = phi.paint.data.faint;
  const rows: [string, string][] = [
    ["name", personWords(me.principal)],
    ["groups", me.principal.groups.map((group) => printable(group, 120)).join(", ") || "(none)"],
    ["issuer", printable(me.principal.issuer, 300)],
    ["broker", url.origin],
    ["profile", profile],
    ["until", timeForPeople(Date.parse(me.expiresAt), broker.now())],
    ...(rights.length === 0 ? [] : [["rights", rights.join(", ")] satisfies [string, string]]),
  ];
  for (const [label, text] of rows) writeData(terminal, `${faint(label.padEnd(8))} ${text}`);
  return 0;
}
