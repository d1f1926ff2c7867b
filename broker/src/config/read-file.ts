import { open } from "node:fs/promises";

/** A text file, and whether accounts other than its owner may read it. */
export interface TextFile {
  readonly text: string;
  readonly othersMayRead: boolean;
}

/**
 * Reads a regular file of UTF-8 text of at most `limit` bytes. Rejects with an `Error` whose message is the reason in a
 * few words. Size and mode are those of the opened file, so they cannot change in between.
 */
export async function readTextFile(path: string, limit: number): Promise<TextFile> {
  const handle = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw new Error(REASONS[error.code ?? ""] ?? `it cannot be opened (${error.code ?? "unknown"})`);
  });
  try {
    const about = await handle.stat();
    if (!about.isFile()) throw new Error("it is not a regular file");
    const buffer = Buffer.alloc(limit + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length > limit) break;
    }
    if (length > limit) throw new Error(`it is larger than ${limit} bytes`);
    return { text: decode(buffer.subarray(0, length)), othersMayRead: (about.mode & 0o077) !== 0 };
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "phi may not read it",
  EPERM: "phi may not read it",
  ENOTDIR: "a part of its path is not a folder",
  ELOOP: "its symbolic links go in a circle",
};

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("it is not UTF-8 text");
  }
}
