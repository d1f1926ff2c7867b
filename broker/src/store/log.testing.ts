import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCheckpoint, verifyCheckpoint } from "@phi/shared/audit/checkpoint";
import { parseLogKey } from "@phi/shared/audit/log-key";
import Database from "libsql";
import { afterAll } from "vitest";
import { createSigningDesk } from "../audit/signing-desk.js";
import { createLedger } from "./ledger.js";
import { createLogKeeper } from "./log-keeper.js";
import { openStore } from "./open.js";
import { entry } from "./store.testing.js";

const silent = { info() {}, warn() {}, error() {} };
const clock = { now: () => 1_000 };
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
/** A folder that goes with the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "phi-log-"));
  folders.push(folder);
  return folder;
}

/** A real ledger whose log is kept. */
export async function openKept(folder: string) {
  const keeper = createLogKeeper();
  const store = await openStore(join(folder, "phi.db"), { beforeCommit: keeper.beforeCommit });
  const desk = createSigningDesk(join(folder, "log-key"), silent);
  const tree = await keeper.open({ store, desk, brokerTag: "tagtag", clock, log: silent });
  const ledger = createLedger(store, store.changes);
  return {
    tree,
    ledger,
    record: (count: number) =>
      Promise.all(Array.from({ length: count }, () => ledger.record(entry("sign_in.created")))),
    checkpoint() {
      const signed = parseCheckpoint(tree.checkpoint() ?? "");
      const key = parseLogKey(tree.key() ?? "");
      if (signed === undefined || key === undefined || !verifyCheckpoint(signed, [key]))
        throw new Error("no checkpoint");
      return signed;
    },
    /** Ends as a process does that is stopped; `killed` remembers nothing more. */
    async close(killed = false) {
      await store.close();
      if (!killed) await keeper.close();
    },
  };
}

/** What somebody does who can write the file. */
export function tamper(folder: string, ...statements: string[]): void {
  const database = new Database(join(folder, "phi.db"));
  for (const statement of statements) database.exec(statement);
  database.close();
}

/** What a commit leaves to the next turn has happened. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
