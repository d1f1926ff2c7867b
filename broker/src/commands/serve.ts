import { startBroker } from "../compose.js";
import { loadConfig } from "../config/load.js";
import { watchFile } from "../config/watch-file.js";
import { createJsonLog } from "../log/json-log.js";
import { createProviders, kindSchemas } from "../providers/registry.js";
import { VERSION } from "../version.js";

/** Serves until SIGTERM or SIGINT; on SIGHUP opens its files anew and takes over changed policies, as it does when the file changes. `stopping` hears when the clean stop begins. */
export async function serve(
  options: { readonly config: string; readonly json?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  stopping: () => void,
): Promise<void> {
  process.umask(0o077);
  const providers = createProviders();
  const log = createJsonLog();
  const loadAgain = () => loadConfig(options.config, { env, kinds: kindSchemas(providers) });
  const loaded = await loadAgain();
  for (const warning of loaded.warnings) log.warn("configuration", { warning });
  const broker = await startBroker({
    config: loaded,
    loadAgain,
    version: VERSION,
    providers,
    clock: { now: Date.now },
    log,
  });
  const unwatch = watchFile(options.config, () => void broker.reloadPolicy("file_changed"));
  process.stderr.write(`phi-broker ${VERSION} serves ${loaded.publicUrl ?? broker.url}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify({ listening: broker.url })}\n`);

  await new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
    // Of a terminal it means that the terminal is gone; sent by an operator, that the policies are to be read again.
    process.on("SIGHUP", () => {
      if (process.stdin.isTTY) return resolve();
      broker.reopenFiles();
      void broker.reloadPolicy("signal");
    });
  });
  unwatch();
  stopping();
  await broker.stop();
}
