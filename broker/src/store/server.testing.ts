import { type SqldOptions, startSqld } from "@phi/scripts/environment/sqld";
import { findSqld } from "@phi/scripts/environment/sqld-binary";
import { startTcpProxy } from "../../test/tcp-proxy.testing.js";
import { createLedger } from "./ledger.js";
import { openServer } from "./open-server.js";
import type { AfterBatch } from "./server-connection.js";

const binary = findSqld();
/** Why the tests with a real libSQL server are skipped here, if they are. */
export const noServer = "missing" in binary ? binary.missing : undefined;
if (noServer !== undefined) process.stderr.write(`skipped: ${noServer}\n`);

/** A real libSQL server behind a network that can fail, and ledgers on it, each as another broker would open it. */
export async function openServerArena(over: Pick<SqldOptions, "checkpointsAfterCommits"> = {}) {
  if ("missing" in binary) throw new Error(binary.missing);
  const sqld = await startSqld({ binary: binary.path, ...over });
  const proxy = await startTcpProxy({ host: "127.0.0.1", port: Number(new URL(sqld.url).port) });
  const said: string[] = [];
  const tell = (event: string) => void said.push(event);
  const log = { info: tell, warn: tell, error: tell };
  const undo: (() => Promise<unknown>)[] = [() => sqld.stop(), () => proxy.close()];
  return {
    sqld,
    proxy,
    /** What was logged. */
    said,
    async open(
      over: { wall?: { now(): number }; throughProxy?: boolean; afterBatch?: AfterBatch; waitFor?: number } = {},
    ) {
      const url = over.throughProxy ? `http://127.0.0.1:${proxy.port}` : sqld.url;
      const store = await openServer(
        { url },
        {
          wall: over.wall ?? { now: Date.now },
          log,
          waitFor: over.waitFor ?? 0,
          ...(over.afterBatch === undefined ? {} : { afterBatch: over.afterBatch }),
        },
      );
      undo.push(() => store.close());
      return { store, ledger: createLedger(store, store.changes) };
    },
    async close() {
      for (const step of undo.splice(0).reverse()) await step();
    },
  };
}
