import { lookup as systemLookup } from "node:dns/promises";
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { isIP } from "node:net";
import { type AddressClass, addressClass } from "./address-class.js";

export interface CallOrder {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** The whole call, in ms: resolving, connecting, and the whole answer. */
  readonly within: number;
  /** Bytes of an answer that are read; the rest is left. */
  readonly largest: number;
}
export type CallOutcome =
  | {
      readonly outcome: "answered";
      readonly status: number;
      readonly text: string;
      /** There was more. */
      readonly isCut: boolean;
      readonly after?: number;
    }
  /** No answer. `message`: one line without the address, which may be a secret. */
  | { readonly outcome: "no_answer"; readonly message: string };

/** Calls addresses from the configuration, and nothing that hides behind them. */
export interface GuardedCall {
  call(order: CallOrder, signal: AbortSignal): Promise<CallOutcome>;
  close(): void;
}

export interface GuardOptions {
  /** The receiver may be in a private network, and be spoken to without TLS. */
  readonly allowPrivate: boolean;
  /** Resolves a name to all of its addresses; the system's by default. */
  readonly lookup?: (name: string) => Promise<readonly { readonly address: string }[]>;
}

/**
 * HTTP that cannot be turned against the broker's own network (OWASP, "Server-Side Request Forgery"): https only, unless the address says
 * loopback itself or `allowPrivate`; the name is resolved once, every address it has is judged, and the connection goes to the
 * judged address; no redirect is followed; time and size of the answer are bounded. Link-local and metadata addresses are
 * refused always.
 */
export function createGuardedCall({ allowPrivate, lookup = resolve }: GuardOptions): GuardedCall {
  // One connection, kept for the next event; told apart by the judged address, so it never leads anywhere else.
  const agents = {
    "http:": new PlainAgent({ keepAlive: true, maxSockets: 1 }),
    "https:": new TlsAgent({ keepAlive: true, maxSockets: 1 }),
  };

  return {
    async call(order, caller) {
      const signal = AbortSignal.any([caller, AbortSignal.timeout(order.within)]);
      try {
        const url = parse(order.url);
        const address = await judgedAddress(url, signal);
        return await send(url, address, order, signal, true);
      } catch (error) {
        if (error instanceof Forbidden) return { outcome: "no_answer", message: error.message };
        return { outcome: "no_answer", message: signal.aborted ? "no answer in time" : `no answer (${codeOf(error)})` };
      }
    },
    close() {
      agents["http:"].destroy();
      agents["https:"].destroy();
    },
  };

  function parse(text: string): URL & { protocol: "http:" | "https:" } {
    const url = new URL(text);
    if (url.username !== "" || url.password !== "") throw new Forbidden("its address holds a user or a password");
    if (url.protocol === "https:" || (url.protocol === "http:" && (allowPrivate || saysLoopback(url))))
      return url as URL & { protocol: "http:" | "https:" };
    throw new Forbidden("its address is not https");
  }

  async function judgedAddress(url: URL, signal: AbortSignal): Promise<string> {
    const name = url.hostname.replace(/^\[|\]$/g, "");
    const found = isIP(name) === 0 ? await Promise.race([lookup(name), whenAborted(signal)]) : [{ address: name }];
    for (const { address } of found) {
      const kind = addressClass(address);
      if (!mayCall(kind, url)) throw new Forbidden(WHY[kind]);
    }
    const [first] = found;
    if (first === undefined) throw new Forbidden("its name has no address");
    return first.address;
  }

  function mayCall(kind: AddressClass, url: URL): boolean {
    switch (kind) {
      case "public":
        return true;
      case "private":
        return allowPrivate;
      case "loopback":
        return allowPrivate || saysLoopback(url);
      case "never":
        return false;
    }
  }

  function send(
    url: URL & { protocol: "http:" | "https:" },
    address: string,
    order: CallOrder,
    signal: AbortSignal,
    mayRepeat: boolean,
  ): Promise<CallOutcome> {
    const { method, headers, body } = order;
    const name = url.hostname.replace(/^\[|\]$/g, "");
    const call = (url.protocol === "https:" ? tlsRequest : plainRequest)({
      agent: agents[url.protocol],
      method,
      host: address,
      port: url.port === "" ? undefined : Number(url.port),
      path: `${url.pathname}${url.search}`,
      // The certificate is judged by the name that the configuration says.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      headers: {
        host: url.host,
        "user-agent": "phi",
        ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
        ...headers,
      },
      signal,
    });
    return new Promise<CallOutcome>((resolve, reject) => {
      call.once("response", (answer) => read(answer, order.largest).then(resolve, reject));
      call.once("error", (error) => {
        // The kept connection was closed by the receiver a moment ago: nothing of this call arrived.
        if (mayRepeat && call.reusedSocket && codeOf(error) === "ECONNRESET")
          send(url, address, order, signal, false).then(resolve, reject);
        else reject(error);
      });
      call.end(body);
    });
  }
}

class Forbidden extends Error {}

const WHY: Readonly<Record<AddressClass, string>> = {
  public: "",
  private: "its address is in a private network; allowPrivate: true allows that",
  loopback: "its name leads to this machine; allowPrivate: true allows that",
  never: "its address is link-local, of a metadata service, or of no single machine",
};

/** What an error of the system says, without paths or addresses. */
function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? (error instanceof Error ? error.name : "unknown"));
}

/** Whether the address itself names this machine, so that whoever wrote it meant it. */
export function saysLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || /^127(?:\.\d{1,3}){3}$/.test(hostname) || hostname === "[::1]";
}

async function read(answer: IncomingMessage, largest: number): Promise<CallOutcome> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > largest) {
      answer.destroy();
      break;
    }
    chunks.push(chunk);
  }
  const after = retryAfter(answer.headers["retry-after"]);
  return {
    outcome: "answered",
    status: answer.statusCode ?? 0,
    text: Buffer.concat(chunks).toString("utf8"),
    isCut: length > largest,
    ...(after === undefined ? {} : { after }),
  };
}

/** RFC 9110 §10.2.3, in seconds; ms. */
function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}

function resolve(name: string): Promise<readonly { readonly address: string }[]> {
  return systemLookup(name, { all: true });
}

/** Never resolves. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
