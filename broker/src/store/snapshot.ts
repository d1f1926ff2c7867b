import { closeSync, existsSync, fsyncSync, lstatSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import { PhiError } from "@phi/shared/errors";

/** A copy of the ledger, whole and checked. */
export interface Snapshot {
  readonly bytes: number;
  /** Number of the last audit event in it. */
  readonly events: number;
}

/**
 * Copies the ledger file as of one instant, while a broker works on it (`VACUUM INTO`, https://sqlite.org/lang_vacuum.html), on a
 * connection of its own: writers do not wait. The copy has mode 0600, is on disk when this resolves, and was opened and checked.
 *
 * @throws PhiError `local_state` when `file` is there already, cannot be made, or is not sound.
 */
export async function snapshotLedger(databasePath: string, file: string): Promise<Snapshot> {
  if (!existsSync(databasePath)) {
    throw new PhiError("local_state", `There is no ledger at ${databasePath}.`, {
      hint: "Is this the broker's machine?",
    });
  }
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) {
    throw new PhiError("local_state", `${file} is there already, and no backup is overwritten.`, {
      hint: "Name another file.",
    });
  }
  makeEmpty(file);
  try {
    const source = createClient({ url: pathToFileURL(databasePath).href, timeout: 10_000 });
    try {
      await source.execute({ sql: "VACUUM INTO ?", args: [file] });
    } finally {
      source.close();
    }
    const events = await verify(file);
    toDisk(file);
    toDisk(dirname(file));
    return { bytes: statSync(file).size, events };
  } catch (error) {
    rmSync(file, { force: true });
    if (error instanceof PhiError) throw error;
    throw new PhiError("local_state", `The copy ${file} could not be written.`, {
      hint: "Is there room on that disk?",
      cause: error,
    });
  }
}

/** SQLite would make it readable for all; an empty file it takes as it is. */
function makeEmpty(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    throw new PhiError("local_state", `${file} cannot be made.`, {
      hint: "Name a file in a folder you may write.",
      cause: error,
    });
  }
}

async function verify(file: string): Promise<number> {
  const copy = createClient({ url: pathToFileURL(file).href });
  try {
    const sound = await copy.execute("PRAGMA integrity_check");
    const ledgers = await copy.execute("select count(*) from ledgers");
    const events = await copy.execute("select coalesce(max(seq), 0), count(*) from audit_events");
    const [newest, count] = [Number(events.rows[0]?.[0]), Number(events.rows[0]?.[1])];
    if (sound.rows[0]?.[0] !== "ok" || Number(ledgers.rows[0]?.[0]) !== 1 || newest !== count) {
      throw new PhiError("local_state", "The copy is not a sound ledger, so it was removed.", {
        hint: "The ledger itself may be damaged: keep it, and look at the disk.",
      });
    }
    return newest;
  } finally {
    copy.close();
  }
}

function toDisk(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
