import { isLoopback } from "./transport.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether the environment asks for a proxy on the way to `url`: `HTTPS_PROXY` or `HTTP_PROXY` by scheme, else
 * `ALL_PROXY`, unless `NO_PROXY` names the host. Lower case wins, as in curl. A loopback address never goes through one.
 */
export function proxyApplies(url: URL, env: Environment): boolean {
  if (isLoopback(url.hostname)) return false;
  const proxy = read(env, url.protocol === "https:" ? "https_proxy" : "http_proxy") ?? read(env, "all_proxy");
  return proxy !== undefined && !exempt(url, read(env, "no_proxy") ?? "");
}

/** `NO_PROXY`: names separated by commas or blanks; a name covers its subdomains; `*` covers all; `:port` narrows it. */
function exempt(url: URL, list: string): boolean {
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      const [, host = "", entryPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      const name = host.replace(/^\*?\./, "");
      return (
        (entryPort === undefined || entryPort === port) && (url.hostname === name || url.hostname.endsWith(`.${name}`))
      );
    });
}

function read(env: Environment, name: string): string | undefined {
  const value = env[name] ?? env[name.toUpperCase()];
  return value === undefined || value === "" ? undefined : value;
}
