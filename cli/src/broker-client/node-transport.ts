import net, { type Socket } from "node:net";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { type Answer, brokerUnreachable, type Call, type Transport } from "./transport.js";
import { BadHttp, createAnswerReader } from "./transport-answer.js";

/** An ended connection is noticed by the system after so long without a byte, in ms. */
const KEEP_ALIVE_PROBE = 15_000;

/**
 * The transport of the hot path: HTTP/1.1 written straight to a TCP or TLS socket, which is kept for the next call, so
 * that the end of a lease costs one round trip. Loading `node:http` and making two calls with it takes a third of the
 * time that Node itself needs to start, twice what this takes (undici and fetch: five times as much again); `phi exec`
 * has that time to spare for nothing. One call at a time per connection, no pipelining, no redirects, no compression.
 */
export function createNodeTransport(broker: URL): Transport {
  let idle: Socket | undefined;

  function connect(): Socket {
    const host = broker.hostname.replace(/^\[|\]$/g, "");
    if (broker.protocol === "http:") return net.connect({ host, port: Number(broker.port || 80), noDelay: true });
    // Not by import(): that would start the module loader on the hot path.
    const tls = process.getBuiltinModule("node:tls");
    const servername = net.isIP(host) === 0 ? { servername: host } : {};
    const port = Number(broker.port || 443);
    // Said, not left to Node's default: NODE_TLS_REJECT_UNAUTHORIZED=0 would give the token to anybody on the way.
    const socket = tls.connect({ host, port, ALPNProtocols: ["http/1.1"], rejectUnauthorized: true, ...servername });
    return socket.setNoDelay(true);
  }

  function take(): { socket: Socket; wasUsed: boolean } {
    const socket = idle;
    idle = undefined;
    if (socket === undefined || socket.destroyed || !socket.writable || socket.readableEnded) {
      socket?.destroy();
      return { socket: connect(), wasUsed: false };
    }
    socket.removeAllListeners();
    return { socket: socket.ref(), wasUsed: true };
  }

  /** An idle connection does not keep the process alive, and is given up at its first sign of anything. */
  function keep(socket: Socket): void {
    idle?.destroy();
    idle = socket.removeAllListeners().setKeepAlive(true, KEEP_ALIVE_PROBE).unref();
    for (const event of ["error", "data", "end", "close"]) socket.once(event, () => socket.destroy());
  }

  function once(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const message = write(call, broker);
      const { socket, wasUsed } = take();
      const reader = createAnswerReader();
      const timer = setTimeout(() => fail(new TimedOut(call.timeoutMs)), call.timeoutMs);
      const abort = () => fail(call.signal?.reason);

      function settle(): void {
        clearTimeout(timer);
        call.signal?.removeEventListener("abort", abort);
      }
      function fail(error: unknown): void {
        settle();
        socket
          .removeAllListeners()
          .on("error", () => {})
          .destroy();
        if (call.signal?.aborted === true) reject(call.signal.reason);
        else if (error instanceof TimedOut) reject(brokerUnreachable(broker, error));
        else if (wasUsed && !reader.hasBegun) reject(new StaleConnection());
        else reject(error instanceof BadHttp ? badHttp(broker, error) : brokerUnreachable(broker, error));
      }
      function done(answer: Answer): void {
        settle();
        if (reader.isReusable) keep(socket);
        else socket.destroy();
        resolve(answer);
      }
      function attempt(read: () => Answer | undefined): void {
        try {
          const answer = read();
          if (answer !== undefined) done(answer);
        } catch (error) {
          fail(error);
        }
      }

      socket.on("data", (bytes: Buffer) => attempt(() => reader.push(bytes)));
      socket.on("end", () =>
        reader.hasBegun ? attempt(() => reader.end()) : fail(new Error("the connection was closed")),
      );
      socket.on("error", fail);
      socket.on("close", () => fail(new Error("the connection was closed")));
      if (call.signal?.aborted === true) return abort();
      call.signal?.addEventListener("abort", abort, { once: true });
      // Nothing is handed to TLS before the certificate is verified; TCP takes it at once.
      if (wasUsed || broker.protocol === "http:") socket.write(message);
      else socket.once("secureConnect", () => socket.write(message));
    });
  }

  return {
    async send(call) {
      try {
        return await once(call);
      } catch (error) {
        // The broker had closed the kept connection before the call reached it (RFC 9112 §9.3.1): ask again, once.
        if (!(error instanceof StaleConnection)) throw error;
        idle?.destroy();
        return once(call);
      }
    },
    close: () => idle?.destroy(),
  };
}

class StaleConnection extends Error {}

class TimedOut extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${Math.round(milliseconds / 1000)} s`);
  }
}

/** The whole request in one piece. Throws for what would end a line early; nothing typed by a person gets here raw. */
function write({ method, path, headers, body }: Call, broker: URL): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `host: ${broker.host}`,
    "accept: application/json, application/problem+json",
  ];
  if (body !== undefined) lines.push("content-type: application/json");
  if (body !== undefined || method !== "GET") lines.push(`content-length: ${Buffer.byteLength(body ?? "")}`);
  for (const [name, value] of Object.entries(headers ?? {})) lines.push(`${name}: ${value}`);
  if (!/^\/[!-~]*$/.test(path) || lines.some((line) => !/^[\t -~]+$/.test(line)))
    throw new TypeError("a request with characters that cannot be sent");
  return `${lines.join("\r\n")}\r\n\r\n${body ?? ""}`;
}

function badHttp(broker: URL, error: BadHttp): PhiError {
  return new PhiError(
    "bad_answer",
    `The broker at ${broker.origin} gave an answer phi does not understand: ${printable(error.message)}.`,
    {
      hint: "check that the address is a phi broker",
      cause: error,
    },
  );
}
