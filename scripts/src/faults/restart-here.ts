import { appendFileSync } from "node:fs";
import { startBroker } from "@phi/broker/compose";
import { loadConfig } from "@phi/broker/config/load";
import { createJsonLog } from "@phi/broker/log/json-log";
import { createProviders, kindSchemas } from "@phi/broker/providers/registry";

/** A broker that can be asked, and ended. */
export interface Restarted {
  kill(): Promise<void>;
}

/**
 * The real broker, all of it, on what the dead one left, in this process: it knows nothing but the ledger and the target, as any other would, and
 * a process of its own would spend most of its time on being loaded.
 */
export async function restartHere(options: {
  readonly configFile: string;
  readonly logFile: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<Restarted> {
  const providers = createProviders();
  const config = await loadConfig(options.configFile, { env: options.env, kinds: kindSchemas(providers) });
  const log = createJsonLog((line) => appendFileSync(options.logFile, line));
  const broker = await startBroker({ config, version: "restarted", providers, clock: { now: Date.now }, log });
  return { kill: () => broker.stop() };
}
