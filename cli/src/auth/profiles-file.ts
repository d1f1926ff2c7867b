import fs from "node:fs";
import path from "node:path";
import { PhiError } from "@phi/shared/errors";
import { randomText } from "@phi/shared/ids";

/**
 * Files that hold what must stay one person's: read and written only when nobody else could have touched them.
 * Judged is the open descriptor, not the path, so that nothing can be swapped between the look and the read.
 */

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
/** A profile is a few hundred bytes. */
const LONGEST = 65_536;

/** The file's text, or `undefined` when there is none. Throws `local_state` when it is not private. */
export function readPrivateFile(directory: string, file: string): string | undefined {
  let descriptor: number | undefined;
  try {
    if (!judgeDirectory(directory)) return undefined;
    descriptor = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) throw refused(file, "is not a plain file", `rm ${file}`);
    judgeOwner(file, stat, "600");
    if (stat.size > LONGEST) throw refused(file, "is far too long to be phi's", `rm ${file}`);
    const bytes = Buffer.alloc(stat.size);
    return bytes.toString("utf8", 0, fs.readSync(descriptor, bytes, 0, bytes.length, 0));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (codeOf(error) === "ELOOP") throw refused(file, "is a symbolic link", `rm ${file}`);
    throw error instanceof PhiError ? error : failed(file, "read", error);
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** Writes a temporary file beside it, syncs and renames: a crash or a full disk leaves the old file as it was. */
export function writePrivateFile(directory: string, file: string, text: string): void {
  const temporary = path.join(directory, `.${path.basename(file)}.${randomText(10)}`);
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    judgeDirectory(directory);
    const descriptor = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      fs.writeFileSync(descriptor, text);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(temporary, file);
    syncDirectory(directory);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error instanceof PhiError ? error : failed(file, "written", error);
  }
}

/** Closes a directory handle; that it was closed already is no news. */
export function closeQuietly(handle: fs.Dir): void {
  try {
    handle.closeSync();
  } catch {
    // ERR_DIR_CLOSED
  }
}

/** Whether the directory is there; throws when it is not one person's. */
function judgeDirectory(directory: string): boolean {
  const stat = fs.lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (stat.isSymbolicLink()) throw refused(directory, "is a symbolic link", `rm ${directory}`);
  if (!stat.isDirectory()) throw refused(directory, "is not a directory", `rm ${directory}`);
  judgeOwner(directory, stat, "700");
  return true;
}

function judgeOwner(target: string, stat: fs.Stats, mode: string): void {
  const uid = process.geteuid?.();
  if (uid === undefined) return; // Windows: the profile folder's own rights protect it
  if (stat.uid !== uid)
    throw refused(target, "belongs to another user", "run phi as the user who signed in, or sign in as this one");
  if ((stat.mode & 0o077) !== 0)
    throw refused(
      target,
      "can be read or written by others",
      `chmod ${mode} ${target}   (and sign in again if others were here)`,
    );
}

function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const descriptor = fs.openSync(directory, O_RDONLY);
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function refused(target: string, why: string, hint: string): PhiError {
  return new PhiError("local_state", `phi does not use ${target}: it ${why}.`, { hint });
}

function failed(file: string, verb: string, cause: unknown): PhiError {
  const reason = {
    ENOSPC: "the disk is full",
    EACCES: "permission denied",
    EROFS: "the file system is read-only",
    EDQUOT: "the quota is used up",
  }[codeOf(cause) ?? ""];
  return new PhiError("local_state", `${file} cannot be ${verb}: ${reason ?? codeOf(cause) ?? "unknown reason"}.`, {
    cause,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
