import { startBroker } from "../compose.js";
import { loadConfig } from "../config/load.js";
import { createJsonLog } from "../log/json-log.js";
import { createProviders, kindSchemas } from "../providers/registry.js";
import { VERSION } from "../version.js";

/** Serves until SIGTERM or SIGINT. `stopping` hears when the clean stop begins. */
export async function serve(
  options: { readonly config: string; readonly json?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  stopping: () => void,
): Promise<void> {
  process.umask(0o077);
  const providers = createProviders();
  const log = createJsonLog();
  const loaded = await loadConfig(options.config, { env, kinds: kindSchemas(providers) });
  for (const warning of loaded.warnings) log.warn("configuration", { warning });
  const broker = await startBroker({ config: loaded, version: VERSION, providers, clock: { now: Date.now }, log });
  process.stderr.write(`phi-broker ${VERSION} serves ${loaded.publicUrl ?? broker.url}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify({ listening: broker.url })}\n`);

  await new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  stopping();
  await broker.stop();
}
