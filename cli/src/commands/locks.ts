import type { LockView } from "@phi/shared/contract/lock";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { lockedWords } from "../terminal/lock-words.js";
import { say, writeJson } from "../terminal/output.js";
import { type Column, writeTable } from "../terminal/table.js";
import { relative } from "../terminal/times.js";

export const examples = ["phi locks"];

export function define(command: Command, run: Run): void {
  command.action(() => run(locks));
}

/** What is locked, as far as it concerns me; for admins and auditors all of it. */
async function locks(phi: Invocation): Promise<number> {
  const broker = await phi.broker();
  const list = await broker.locks();
  if (phi.terminal.json) {
    writeJson(phi.terminal, list);
    return 0;
  }
  const now = broker.now();
  const columns: Column<LockView>[] = [
    { head: "ID", cell: (lock) => lock.lock },
    { head: "LOCKED", cell: lockedWords, style: (text, _lock, paint) => paint.bad(text) },
    { head: "SINCE", cell: (lock) => relative(Date.parse(lock.setAt), now) },
    { head: "BY", cell: (lock) => lock.setBy, shrinks: true },
    { head: "WHY", cell: (lock) => lock.reason, shrinks: true },
  ];
  if (list.locks.length > 0) writeTable(phi.terminal, phi.paint.data, columns, list.locks);
  else say(phi.terminal, "Nothing that concerns you is locked.");
  return 0;
}
