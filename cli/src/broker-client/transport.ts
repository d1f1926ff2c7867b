import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";

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

/** `localhost`, `*.localhost` (RFC 6761 §6.3), 127.0.0.0/8 and `::1`; `hostname` as in URL. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    /^127(\.\d{1,3}){3}$/.test(hostname) ||
    hostname === "[::1]"
  );
}

/** The one sentence for a broker that does not answer; `cause` is the transport's own error. */
export function brokerUnreachable(broker: URL, cause: unknown): PhiError {
  return new PhiError("broker_unreachable", `The broker at ${broker.origin} does not answer (${reasonOf(cause)}).`, {
    hint: `check the network, or name another broker: --broker URL  (try: curl ${broker.origin}/healthz)`,
    cause,
  });
}

/** A failed call's reason in a few words: the system's code when there is one. */
function reasonOf(cause: unknown): string {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const inner = error.cause instanceof Error ? error.cause : error;
  const code = (inner as NodeJS.ErrnoException).code;
  const words: Record<string, string> = {
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection cut",
    ENOTFOUND: "no such host",
    EAI_AGAIN: "the name cannot be looked up",
    ETIMEDOUT: "no answer in time",
    EHOSTUNREACH: "no route to the host",
    ENETUNREACH: "no network",
  };
  return (
    (code === undefined ? undefined : words[code]) ??
    printable(inner.message === "" ? (code ?? "unknown") : inner.message, 200)
  );
}
