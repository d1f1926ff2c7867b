import { createNodeTransport } from "./node-transport.js";
import type { Transport } from "./transport.js";
import { proxyApplies } from "./transport-proxy.js";

/**
 * The transport for a broker: the hot path's own, or, when the environment names a proxy for it, undici, which knows
 * proxies and is loaded only then.
 */
export async function openTransport(
  broker: URL,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Transport> {
  if (!proxyApplies(broker, env)) return createNodeTransport(broker);
  const { createUndiciTransport } = await import("./undici-transport.js");
  return createUndiciTransport(broker, env);
}
