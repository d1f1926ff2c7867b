import { logKeyOf } from "@phi/shared/audit/log-key";
import { PhiError } from "@phi/shared/errors";
import { readHead } from "../audit/head-file.js";
import { readKey } from "../audit/key-file.js";
import { findLedger } from "../config/admin-socket.js";
import { createVerifyRecording } from "../operations/verify-recording.js";
import { openReader } from "../store/open-reader.js";
import { recordingMarks } from "../store/recording-marks.js";
import { createChunkReader } from "../store/recordings.js";
import type { Store } from "../store/store.js";
import { verifyLedger } from "../store/verify-ledger.js";
import { type OperatorOptions, print } from "./output.js";

interface ChangedRecording {
  readonly session: string;
  readonly piece: number;
  readonly why: string;
}

/** Every recording against what the log says of it. */
async function verifyRecordings(rows: Store["rows"]): Promise<{ checked: number; changed: ChangedRecording[] }> {
  const verify = createVerifyRecording({ recordings: createChunkReader(rows) });
  const marks = await recordingMarks(rows);
  const changed: ChangedRecording[] = [];
  for (const [session, events] of marks) {
    const found = await verify(session, events);
    if (found.verdict === "changed") changed.push({ session, piece: found.piece, why: found.why });
  }
  return { checked: marks.size, changed };
}

/** Verifies the whole log straight on the ledger, a file or on a server, while brokers work on it; 1 when something is wrong. In this process, so their timers do not wait. */
export async function verifyAudit(
  options: OperatorOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const place = await findLedger(options.config, env);
  const { keyFile } = place;
  const key = readKey(keyFile);
  if (key === undefined)
    throw new PhiError("local_state", `There is no key of the log at ${keyFile}.`, {
      hint: "Is this the broker's machine?",
    });
  const { rows, close } = openReader(place);
  try {
    // First: what is signed while this reads is no fault.
    const remembered = readHead(`${keyFile}.head`);
    const keys = (origin: string) => [logKeyOf(origin, key)];
    const { events, signed, fault } = await verifyLedger(rows, { keys, remembered });
    const { checked, changed } = await verifyRecordings(rows);
    const reply = {
      ...{ events, signed, ...(fault === undefined ? {} : { fault }) },
      recordings: checked,
      ...(changed.length === 0 ? {} : { changedRecordings: changed }),
    };
    print(options, reply, [
      fault === undefined ? `ok: ${signed} events are those that were signed` : `Event ${fault.seq} ${fault.because}.`,
      ...(changed.length === 0 && checked > 0 ? [`ok: ${checked} recordings are those that the log covers`] : []),
      ...changed.map(
        ({ session, piece, why }) => `The recording of ${session} is not what it was, from piece ${piece} on: ${why}.`,
      ),
    ]);
    return fault === undefined && changed.length === 0 ? 0 : 1;
  } finally {
    close();
  }
}
