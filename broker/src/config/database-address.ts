import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { DatabaseAddress } from "./config.js";

/**
 * Reads `database`: `file:PATH` (relative to `folder`, the folder of the configuration) or the address of a libSQL
 * server. A sentence when it is neither.
 */
export function readDatabaseAddress(text: string, folder: string): DatabaseAddress | string {
  if (!text.startsWith("file:")) {
    return URL.canParse(text) && new URL(text).hostname !== ""
      ? { url: text }
      : "must be the whole address of a libSQL server";
  }
  if (/[?#]/.test(text)) return "must be file:PATH without ? and #";
  if (text === "file::memory:") return "must be a real file: a ledger in memory forgets what has to be revoked";
  const path = filePath(text, folder);
  if (path === undefined) return "must be file:PATH, or file:/// and an absolute path";
  return { url: pathToFileURL(path).href, path };
}

function filePath(text: string, folder: string): string | undefined {
  if (!text.startsWith("file://")) return resolve(folder, text.slice("file:".length));
  try {
    return fileURLToPath(text);
  } catch {
    return undefined;
  }
}
