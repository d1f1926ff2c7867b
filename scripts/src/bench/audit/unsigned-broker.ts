import { startBroker } from "@phi/broker/compose";
import { loadConfig } from "@phi/broker/config/load";
import { createJsonLog } from "@phi/broker/log/json-log";
import { createProviders, kindSchemas } from "@phi/broker/providers/registry";
import { Command } from "commander";

/** The real broker, all of it, but that nothing is built into the log's tree and signed while it runs: what its issue path costs is what the log is measured against. */
async function serve({ config: file }: { readonly config: string }): Promise<void> {
  process.umask(0o077);
  const providers = createProviders();
  const config = await loadConfig(file, { env: process.env, kinds: kindSchemas(providers) });
  const broker = await startBroker({
    config,
    version: "unsigned",
    providers,
    clock: { now: Date.now },
    log: createJsonLog(),
    wrapLogKeeper: (keeper) => ({ ...keeper, beforeCommit: () => undefined, afterBatch: async () => undefined }),
  });
  process.stdout.write(`${JSON.stringify({ listening: broker.url })}\n`);
  await new Promise((resolve) => process.once("SIGTERM", resolve));
  await broker.stop();
}

await new Command("unsigned-broker")
  .description("A real broker whose log is not signed while it runs, to measure what signing costs.")
  .requiredOption("--config <file>", "the broker's configuration")
  .option("--json", "as the broker's: one line when it listens")
  .action(serve)
  .parseAsync();
process.exit();
