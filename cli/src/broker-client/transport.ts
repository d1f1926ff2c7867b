import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { connectionFailure } from "./connection-failure.js";

/** One call to the broker. */
export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path and query, beginning with `/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** JSON text; the transport sets `content-type` and `content-length`. */
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For the whole call, from connecting to the last byte. */
  readonly timeoutMs: number;
}

/** What came back, not yet judged. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as UTF-8, at most {@link ANSWER_LIMIT} bytes. */
  readonly text: string;
}

/**
 * The way to one broker. `send` resolves with whatever status the broker gave; it rejects with `broker_unreachable`
 * (no connection, cut, or too slow), with `bad_answer` (longer than the limit), or with the signal's reason.
 * Redirects are not followed: the token goes to the configured origin and nowhere else.
 */
export interface Transport {
  send(call: Call): Promise<Answer>;
  /** Gives the kept connections up. */
  close(): void;
}

/** Longest answer read, in bytes. */
export const ANSWER_LIMIT = 1_048_576;

/**
 * Reads a broker's address. http is accepted for loopback only, because the token travels with each call.
 * Gives the URL without path, query and credentials, or throws `invalid_input`.
 */
export function parseBrokerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const shown = printable(text, 200);
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new PhiError("invalid_input", `"${shown}" is not the address of a broker.`, {
      hint: "give it as https://phi.example.com (--broker URL or PHI_BROKER)",
    });
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "" || url.pathname !== "/") {
    throw new PhiError("invalid_input", `The address of a broker is only scheme, host and port: "${shown}" has more.`, {
      hint: `try ${url.protocol}//${url.host}`,
    });
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw new PhiError(
      "invalid_input",
      `phi does not speak http to ${url.host}: the sign-in could be read on the way.`,
      {
        hint: `use https://${url.host} (http is for loopback addresses)`,
      },
    );
  }
  return url;
}

/**
 * `localhost`, 127.0.0.0/8 and `::1`, as the broker reads it; `hostname` as in URL. Not `*.localhost`: RFC 6761 §6.3 wants
 * it to be this machine, but a resolver that does not know asks the network, and the token would follow its answer.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || /^127(\.\d{1,3}){3}$/.test(hostname) || hostname === "[::1]";
}

/** The one sentence for a broker that does not answer, or not as itself; `cause` is the transport's own error. */
export function brokerUnreachable(broker: URL, cause: unknown): PhiError {
  const { isUntrusted, reason, advice } = connectionFailure(cause);
  const what = isUntrusted ? "cannot be trusted" : "does not answer";
  return new PhiError("broker_unreachable", `The broker at ${broker.origin} ${what} (${reason}).`, {
    hint: advice ?? `check the network, or name another broker: --broker URL  (try: curl ${broker.origin}/healthz)`,
    cause,
  });
}
