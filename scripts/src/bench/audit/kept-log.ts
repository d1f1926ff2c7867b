import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createSigningDesk } from "@phi/broker/audit/signing-desk";
import { createLedger } from "@phi/broker/store/ledger";
import { createLogKeeper } from "@phi/broker/store/log-keeper";
import { openStore } from "@phi/broker/store/open";

const silent = { info() {}, warn() {}, error() {} };

/** A ledger of its own at full durability, its log kept or, for comparison only, not. */
export async function openBenchLedger(keptLog: boolean) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "phi-bench-log-"));
  const file = path.join(folder, "phi.db");
  const keyFile = path.join(folder, "log-key");
  const keeper = createLogKeeper();
  const store = await openStore(file, keptLog ? { beforeCommit: keeper.beforeCommit } : {});
  const desk = createSigningDesk(keyFile, silent);
  const keep = () => keeper.open({ store, desk, brokerTag: "bench0", clock: { now: Date.now }, log: silent });
  return {
    file,
    keyFile,
    store,
    ledger: createLedger(store, store.changes),
    /** Builds what is there into the tree. */
    keep,
    async close() {
      await store.close();
      await keeper.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
