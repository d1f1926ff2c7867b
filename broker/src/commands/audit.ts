import { callBroker } from "../admin/call-broker.js";
import { findBroker } from "../config/admin-socket.js";
import { type OperatorOptions, operator, print } from "./output.js";

/** Prints the key that checkpoints are verified with. */
export async function showLogKey(options: OperatorOptions): Promise<void> {
  const { socket } = await findBroker(options.config);
  const reply = await callBroker(socket, "log_key", {});
  print(options, reply, [reply.key]);
}

/** Gives the log a new key. */
export async function rotateLogKey(options: OperatorOptions): Promise<void> {
  const { socket, keyFile } = await findBroker(options.config);
  const reply = await callBroker(socket, "rotate_log_key", { operator: operator() });
  print(options, { ...reply, keyFile }, [
    `from  ${reply.from}`,
    `to    ${reply.to}`,
    `The new key is in ${keyFile}. Other brokers on this ledger sign nothing until they have that file.`,
    "Whoever knows the old key is led to the new one by the log itself.",
  ]);
}

/** Begins the signed log anew where the ledger stands. */
export async function adoptLog(options: OperatorOptions & { readonly reason: string }): Promise<void> {
  const { socket } = await findBroker(options.config);
  const reply = await callBroker(socket, "adopt_log", { reason: options.reason, operator: operator() });
  print(options, reply, [
    `The log goes on as ${reply.origin} after ${reply.size} events, with the key`,
    reply.key,
    "Everybody who saw the former log is told, and has to accept this one: phi audit trust",
  ]);
}

/** Erases what people typed. */
export async function eraseTexts(what: string, options: OperatorOptions & { readonly reason: string }): Promise<void> {
  const { socket } = await findBroker(options.config);
  const reply = await callBroker(socket, "erase_texts", { what, reason: options.reason, operator: operator() });
  print(options, reply, [
    `Erased what was typed in ${reply.events} event${reply.events === 1 ? "" : "s"}; the log verifies as before.`,
    "Backups, exports and recordings made earlier still hold it.",
  ]);
}
