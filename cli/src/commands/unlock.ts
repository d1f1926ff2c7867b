import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { readLockTarget } from "../requests/typed-lock.js";
import { lockedWords } from "../terminal/lock-words.js";
import { say, writeData, writeJson } from "../terminal/output.js";

interface Flags {
  readonly reason?: string;
  readonly subject?: boolean;
}

export const examples = ["phi unlock resource db-prod"];

export function define(command: Command, run: Run): void {
  command
    .argument("<on>", "principal or resource")
    .argument("<name>", "a person's name or subject, or the resource")
    .option("-m, --reason <text>", "why; it stays on record")
    .option("--subject", "the name is the issuer's subject")
    .action((on: string, name: string, flags: Flags) => run((phi) => unlock(phi, on, name, flags)));
}

/** For admins. What the lock ended stays ended. */
async function unlock(phi: Invocation, on: string, name: string, flags: Flags): Promise<number> {
  const lifted = await (await phi.broker()).unlock(readLockTarget({ on, name, ...flags }));
  say(phi.terminal, `Unlocked: ${lockedWords(lifted)}. What the lock ended stays ended.`);
  if (phi.terminal.json) writeJson(phi.terminal, lifted);
  else writeData(phi.terminal, `${lifted.lock}\tlifted`);
  return 0;
}
