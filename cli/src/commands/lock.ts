import { PhiError } from "@phi/shared/errors";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { readLockTarget } from "../requests/typed-lock.js";
import { lockedWords } from "../terminal/lock-words.js";
import { say, warn, writeData, writeJson } from "../terminal/output.js";

interface Flags {
  readonly reason?: string;
  readonly subject?: boolean;
}

export const examples = [
  'phi lock principal mallory --reason "laptop stolen"',
  'phi lock resource db-prod --reason "INC-42: hands off until the restore is through"',
];

export function define(command: Command, run: Run): void {
  command
    .argument("<on>", "principal or resource")
    .argument("<name>", "a person's name or subject, or the resource")
    .option("-m, --reason <text>", "why; shown to whom the lock keeps out, and kept on record")
    .option("--subject", "the name is the issuer's subject, of somebody who may never have signed in")
    .action((on: string, name: string, flags: Flags) => run((phi) => lock(phi, on, name, flags)));
}

/** For admins. No second question: in an emergency every second counts, and a lock is lifted as quickly as it is set. */
async function lock(phi: Invocation, on: string, name: string, { reason, subject }: Flags): Promise<number> {
  const { reason: why, ...target } = readLockTarget({ on, name, subject, reason });
  if (why === undefined) throw new PhiError("usage", "A lock needs a reason.", { hint: "Add --reason <text>" });
  const reply = await (await phi.broker()).lock({ ...target, reason: why });
  const { terminal, paint } = phi;
  const { requests, leases, unproven } = reply.ended;
  const ended =
    requests + leases === 0
      ? "nothing of it was open"
      : `ended ${counted(requests, "request")}, revoked ${counted(leases - unproven, "credential")}`;
  say(terminal, `${paint.talk.good("✔ locked")}: ${lockedWords(reply)}; ${ended}`);
  if (terminal.json) writeJson(terminal, reply);
  else writeData(terminal, `${reply.lock}\t${reply.on}\t${reply.principal?.subject ?? reply.resource ?? ""}`);
  if (unproven > 0)
    warn(
      terminal,
      paint.talk.bad(`${counted(unproven, "credential")} not proven dead yet; the broker goes on until it is proven`),
    );
  say(
    terminal,
    `next: ${paint.talk.accent(phi.typed("unlock", reply.on, reply.principal?.subject ?? reply.resource ?? name))}`,
  );
  return unproven === 0 ? 0 : 1;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
