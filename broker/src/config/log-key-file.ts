import { join, resolve } from "node:path";
import type { DatabaseAddress } from "./config.js";

/** The file of the audit log's key: as written, relative to `folder` (the configuration's), or beside the database file, or in the folder. */
export function logKeyFile(written: string | undefined, folder: string, database: DatabaseAddress): string {
  if (written !== undefined) return resolve(folder, written);
  return database.path === undefined ? join(folder, "phi.log-key") : `${database.path}.log-key`;
}
