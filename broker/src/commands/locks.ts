import type { LockView } from "@phi/shared/contract/lock";
import { printable } from "@phi/shared/text";
import { callBroker } from "../admin/call-broker.js";
import { findBroker } from "../config/admin-socket.js";
import { ago, type OperatorOptions, operator, print } from "./output.js";

type On = LockView["on"];

/** Locks, and says what ended; 1 while a credential is not proven revoked. */
export async function lock(
  on: On,
  name: string,
  options: OperatorOptions & { readonly reason: string; readonly subject?: boolean },
): Promise<number> {
  const { reason, subject } = options;
  const { socket } = await findBroker(options.config);
  const order = { on, name, reason, ...(subject === undefined ? {} : { subject }) };
  const reply = await callBroker(socket, "lock", { ...order, operator: operator() });
  const { requests, leases, unproven } = reply.ended;
  print(options, reply, [
    `${whatWords(reply)} is locked: ${reply.lock}`,
    requests === 0 && leases === 0
      ? "Nothing of it was open."
      : `Ended: ${counted(requests, "request")}; ${leases === 0 ? "no credential was out" : `revoked: ${counted(leases - unproven, "credential")}, proven on the target`}.`,
    ...(unproven === 0
      ? []
      : [`NOT PROVEN YET: ${counted(unproven, "credential")}; the broker goes on trying. Look: phi-broker status`]),
    `Lift it: phi-broker unlock ${on} ${reply.principal?.subject ?? reply.resource ?? name}`,
  ]);
  return unproven === 0 ? 0 : 1;
}

/** Lifts a lock. */
export async function unlock(
  on: On,
  name: string,
  options: OperatorOptions & { readonly reason?: string; readonly subject?: boolean },
): Promise<void> {
  const { reason, subject } = options;
  const { socket } = await findBroker(options.config);
  const given = { ...(reason === undefined ? {} : { reason }), ...(subject === undefined ? {} : { subject }) };
  const lifted = await callBroker(socket, "unlock", { on, name, ...given, operator: operator() });
  print(options, lifted, [`${whatWords(lifted)} is no longer locked. What the lock ended stays ended.`]);
}

/** Lists the locks in force, newest first. */
export async function listLocks(options: OperatorOptions): Promise<void> {
  const { socket } = await findBroker(options.config);
  const reply = await callBroker(socket, "locks", {});
  const now = new Date().toISOString();
  print(options, reply, reply.locks.length === 0 ? ["No locks."] : reply.locks.map((one) => lockWords(one, now)));
}

/** One lock on one line, as seen at `at` (RFC 3339). */
export function lockWords(view: LockView, at: string): string {
  return `${view.lock}  ${view.on} ${whatWords(view)}  ${ago(at, view.setAt)} by ${printable(view.setBy)}: ${printable(view.reason)}`;
}

function whatWords({ principal, resource }: LockView): string {
  if (principal === undefined) return resource ?? "?";
  const [name, subject] = [printable(principal.name, 120), printable(principal.subject, 120)];
  return name === subject ? subject : `${name} (${subject})`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
