import { logKeyOf } from "@phi/shared/audit/log-key";
import { PhiError } from "@phi/shared/errors";
import { readHead } from "../audit/head-file.js";
import { readKey } from "../audit/key-file.js";
import { findBroker } from "../config/admin-socket.js";
import { openConnection } from "../store/connection.js";
import { verifyLedger } from "../store/verify-ledger.js";
import { type OperatorOptions, print } from "./output.js";

/** Verifies the whole log straight on the ledger's file, while the broker works on it; 1 when something is wrong. In this process, so its timers do not wait. */
export async function verifyAudit(options: OperatorOptions): Promise<number> {
  const { databasePath, keyFile } = await findBroker(options.config);
  if (databasePath === undefined) {
    throw new PhiError("wrong_state", "This ledger is on a database server.", {
      hint: "As an auditor: phi audit verify",
    });
  }
  const key = readKey(keyFile);
  if (key === undefined)
    throw new PhiError("local_state", `There is no key of the log at ${keyFile}.`, {
      hint: "Is this the broker's machine?",
    });
  const connection = openConnection(databasePath);
  try {
    // First: what is signed while this reads is no fault.
    const remembered = readHead(`${keyFile}.head`);
    const keys = (origin: string) => [logKeyOf(origin, key)];
    const { events, signed, fault } = await verifyLedger((statement) => connection.rows(statement), {
      keys,
      remembered,
    });
    const reply = { events, signed, ...(fault === undefined ? {} : { fault }) };
    print(options, reply, [
      fault === undefined ? `ok: ${signed} events are those that were signed` : `Event ${fault.seq} ${fault.because}.`,
    ]);
    return fault === undefined ? 0 : 1;
  } finally {
    connection.close();
  }
}
