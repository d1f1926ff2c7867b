import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { DatabaseAddress } from "./config.js";
import { isLoopback } from "./fields.js";

/** Either `file:PATH` (relative to `folder`, the folder of the configuration) or the address of a libSQL server. */
export interface WrittenAddress {
  readonly text: string;
  readonly folder: string;
  /** `http` to another machine is meant: the network between is private. */
  readonly allowPlainHttp: boolean;
}

/** Reads `database`. A sentence when it is wrong. */
export function readDatabaseAddress({ text, folder, allowPlainHttp }: WrittenAddress): DatabaseAddress | string {
  if (!text.startsWith("file:")) return serverAddress(text, allowPlainHttp);
  if (/[?#]/.test(text)) return "must be file:PATH without ? and #";
  if (text === "file::memory:") return "must be a real file: a ledger in memory forgets what has to be revoked";
  const path = filePath(text, folder);
  if (path === undefined) return "must be file:PATH, or file:/// and an absolute path";
  return { url: pathToFileURL(path).href, path };
}

/** `libsql://` is https under another name. */
function serverAddress(text: string, allowPlainHttp: boolean): DatabaseAddress | string {
  const address = text.replace(/^libsql:/, "https:");
  if (!URL.canParse(address)) return "must be the whole address of a libSQL server";
  const url = new URL(address);
  if (url.username !== "" || url.password !== "" || /[?#]/.test(text))
    return "must be an address only; a token goes into databaseToken";
  if (url.protocol === "http:" && !isLoopback(url.hostname) && !allowPlainHttp) {
    return "must use https or libsql: http to another machine lets the network read and change the ledger. If that network is private, write databasePlainHttp: true";
  }
  return { url: url.href.replace(/\/$/, "") };
}

function filePath(text: string, folder: string): string | undefined {
  if (!text.startsWith("file://")) return resolve(folder, text.slice("file:".length));
  try {
    return fileURLToPath(text);
  } catch {
    return undefined;
  }
}
