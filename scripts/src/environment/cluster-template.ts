import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ServerFolder } from "./postgres-cluster.js";

/** Names a directory that lives as long as a test run (run-folder.testing.ts). */
export const TEMPLATES_VARIABLE = "PHI_POSTGRES_TEMPLATES";

/** What of a server's folder is the cluster: the data, and the password to it. */
const PARTS = ["data", "superuser-password"];

/**
 * initdb takes a second of processor time, a copy of what it made a tenth: the first temporary server of a test run leaves
 * a copy for the others. They have one password then, and one system identifier.
 *
 * @returns whether the folder has a cluster now
 */
export function takeTemplate(folder: ServerFolder, majorVersion: number): boolean {
  const template = templateFor(majorVersion);
  if (template === undefined || !existsSync(template)) return false;
  copy(template, folder.path);
  return true;
}

/** Keeps a cluster that was never started for the servers to come. */
export function leaveTemplate(folder: ServerFolder, majorVersion: number): void {
  const template = templateFor(majorVersion);
  if (template === undefined || existsSync(template)) return;
  const unfinished = mkdtempSync(`${template}.`);
  copy(folder.path, unfinished);
  try {
    renameSync(unfinished, template); // whole or not at all
  } catch {
    rmSync(unfinished, { recursive: true, force: true }); // another process was quicker
  }
}

function templateFor(majorVersion: number): string | undefined {
  const folder = process.env[TEMPLATES_VARIABLE];
  return folder === undefined || folder === "" ? undefined : join(folder, `cluster-${majorVersion}`);
}

/** With owners and modes: the server's account owns its data. */
function copy(from: string, to: string): void {
  const made = spawnSync("cp", ["-Rp", ...PARTS.map((part) => join(from, part)), to], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`copying a cluster failed: ${made.stderr || made.error?.message}`);
}
