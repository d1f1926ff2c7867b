import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEMPLATES_VARIABLE } from "./cluster-template.js";

let folder: string | undefined;

/** vitest's global setup: what the test processes of one run share. */
export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), "phi-test-run-"));
  process.env[TEMPLATES_VARIABLE] = folder;
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
