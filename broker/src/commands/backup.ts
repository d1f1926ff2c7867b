import { resolve } from "node:path";
import { PhiError } from "@phi/shared/errors";
import { callBroker } from "../admin/call-broker.js";
import { findBroker } from "../config/admin-socket.js";
import { snapshotLedger } from "../store/snapshot.js";
import { type OperatorOptions, operator, print } from "./output.js";

/** Copies the ledger while the broker works on it. The copying is done by this process, so the broker's timers do not wait for it. */
export async function backUp(file: string, options: OperatorOptions): Promise<void> {
  const { socket, databasePath } = await findBroker(options.config);
  if (databasePath === undefined) {
    throw new PhiError("wrong_state", "This ledger is on a database server, which has its own way to be backed up.");
  }
  await callBroker(socket, "status", {}); // says so now when no broker runs there
  const path = resolve(file);
  const snapshot = await snapshotLedger(databasePath, path);
  await callBroker(socket, "backed_up", { file: path, ...snapshot, operator: operator() });
  print(options, { file: path, ...snapshot }, [
    `${path}: ${snapshot.events} events, ${snapshot.bytes} bytes, checked. It holds no issued secret.`,
  ]);
}
