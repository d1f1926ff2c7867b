import { createSigningDesk } from "@phi/broker/audit/signing-desk";
import { brokerTag } from "@phi/broker/store/ledger";
import { createLogKeeper } from "@phi/broker/store/log-keeper";
import { openStore } from "@phi/broker/store/open";
import type { Place } from "./world.js";

/** Builds the tree over events that no broker wrote and signs it, as a broker does when it starts, but without its haste: others wait for no answer here. */
export async function buildTree({ ledgerFile, keyFile }: Place): Promise<void> {
  const silent = { info() {}, warn() {}, error() {} };
  const clock = { now: Date.now };
  const keeper = createLogKeeper();
  const store = await openStore(ledgerFile, { beforeCommit: keeper.beforeCommit });
  const desk = createSigningDesk(keyFile, silent);
  const tree = await keeper.open({ store, desk, brokerTag: await brokerTag(store, clock.now()), clock, log: silent });
  const conflict = tree.conflict();
  await store.close();
  await keeper.close();
  if (conflict !== undefined) throw new Error(`the log is not signed: ${conflict}`);
}
