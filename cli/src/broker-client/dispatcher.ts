import { EnvHttpProxyAgent } from "undici";
import { proxyApplies } from "./transport-proxy.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Milliseconds to open a connection before the other side counts as unreachable. */
const CONNECT_TIMEOUT = 10_000;

/**
 * Connections to the host of `url`, through the proxy that the environment names for it, if {@link proxyApplies}.
 * `silence`: milliseconds without a byte after which an answer counts as cut.
 */
export function createDispatcher(url: URL, env: Environment, silence = 30_000): EnvHttpProxyAgent {
  const read = (name: string) => env[name] || env[name.toUpperCase()] || "";
  const last = read("all_proxy");
  // Said, not left to Node's default: NODE_TLS_REJECT_UNAUTHORIZED=0 would give the token to anybody on the way.
  const connect = { timeout: CONNECT_TIMEOUT, rejectUnauthorized: true };
  return new EnvHttpProxyAgent({
    // All three are given, so that undici reads no environment by itself and there is one rule only.
    httpProxy: read("http_proxy") || last,
    httpsProxy: read("https_proxy") || last,
    noProxy: proxyApplies(url, env) ? "" : "*",
    connect,
    proxyTls: connect,
    requestTls: connect,
    headersTimeout: 30_000,
    bodyTimeout: silence,
  });
}
