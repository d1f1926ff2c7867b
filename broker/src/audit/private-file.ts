import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { PhiError } from "@phi/shared/errors";
import { randomText } from "@phi/shared/ids";

/** Longer than any file of the signer. */
const LONGEST = 65_536;

/** The file's text, or `undefined` when there is none. @throws PhiError `local_state` for what somebody else could have read or written. */
export function readPrivate(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isFile() || found.size > LONGEST) throw unusable(path, "is no file of phi's");
  if ((found.mode & 0o077) !== 0) throw unusable(path, "can be read or written by others", `chmod 600 ${path}`);
  return readFileSync(path, "utf8");
}

/** Writes the file whole or not at all, on disk when it returns, mode 0600. Unless `replace`, a file that is there already stays, and is said so. */
export function writePrivate(path: string, text: string, replace: boolean): "written" | "exists" {
  const temporary = `${path}.${randomText(8)}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const descriptor = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (replace) renameSync(temporary, path);
    // A link is made only where nothing is: of two brokers that start at once, one key wins.
    else linkSync(temporary, path);
    syncFolder(path);
    return "written";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return "exists";
    throw unwritable(path, error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * Replaces the file as {@link writePrivate} does, but threads of their own wait for the disk, not the event loop: on disk when it resolves.
 *
 * @param isWanted asked when only the renaming is left, with no turn between
 */
export async function replacePrivate(path: string, text: string, isWanted: () => boolean): Promise<void> {
  const temporary = `${path}.${randomText(8)}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!isWanted()) return;
    renameSync(temporary, path);
    const folder = await open(dirname(path), "r");
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    throw error instanceof PhiError ? error : unwritable(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(dirname(path), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unwritable(path: string, cause: unknown): PhiError {
  return new PhiError("local_state", `The file ${path} cannot be written.`, {
    hint: "The broker's account must be able to write the folder of `audit.keyFile`.",
    cause,
  });
}

function unusable(path: string, why: string, hint?: string): PhiError {
  return new PhiError("local_state", `phi does not use ${path}: it ${why}.`, { hint });
}
