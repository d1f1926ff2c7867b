import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Destination } from "../ports/destination.js";
import { codeOf, unavailable } from "./failure.js";
import type { LinesOf } from "./lines.js";

/** Bytes before the end in which the last line's beginning is looked for; an event is far shorter. */
const TAIL = 1_048_576;

/**
 * JSON lines appended to a file with mode 0600; on the disk (`fsync`) before they count as handed over. Made anew, or opened anew
 * after {@link Destination.reopen}, so that it can be moved away. A line that a crash tore is cut off and comes again, whole.
 */
export function createFileDestination({
  name,
  path,
  linesOf,
}: {
  readonly name: string;
  readonly path: string;
  readonly linesOf: LinesOf;
}): Destination {
  let file: FileHandle | undefined;
  let isOld = false;

  async function current(): Promise<FileHandle> {
    if (isOld) await close();
    if (file !== undefined) return file;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const opened = await open(path, "a+", 0o600);
    try {
      const about = await opened.stat();
      if (!about.isFile()) throw Object.assign(new Error("no plain file"), { code: "it is no plain file" });
      if ((about.mode & 0o077) !== 0) await opened.chmod(0o600);
      await cutTornLine(opened, about.size);
    } catch (error) {
      await opened.close();
      throw error;
    }
    file = opened;
    return opened;
  }

  async function close(): Promise<void> {
    isOld = false;
    const last = file;
    file = undefined;
    await last?.close();
  }

  return {
    name,
    kind: "file",
    async deliver(events) {
      const lines = await linesOf(events);
      try {
        const opened = await current();
        await opened.appendFile(lines.map((line) => `${line}\n`).join(""));
        await opened.datasync();
        return { accepted: events.length };
      } catch (error) {
        // What came of it is not known: the file is looked at again before more is written.
        await close().catch(() => undefined);
        return unavailable(0, `the file cannot be written (${codeOf(error)})`);
      }
    },
    reopen() {
      isOld = true;
    },
    close,
  };
}

async function cutTornLine(file: FileHandle, size: number): Promise<void> {
  const from = Math.max(0, size - TAIL);
  const tail = Buffer.alloc(size - from);
  await file.read(tail, 0, tail.length, from);
  const end = tail.lastIndexOf(0x0a) + 1;
  if (end < tail.length) await file.truncate(from + end);
}
