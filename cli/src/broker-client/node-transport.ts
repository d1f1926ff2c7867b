import http, { type ClientRequest, type IncomingMessage } from "node:http";
import type https from "node:https";
import { PhiError } from "@phi/shared/errors";
import { ANSWER_LIMIT, type Answer, brokerUnreachable, type Call, type Transport } from "./transport.js";

/**
 * The transport of the hot path: `node:http`, which starts in a tenth of the time of undici or fetch (they compile
 * a WebAssembly parser at each start). One kept-alive connection, so that the end of a lease costs one round trip.
 */
export function createNodeTransport(broker: URL): Transport {
  // TLS is loaded for https brokers only, and not by import(): that would start the module loader on the hot path.
  const secure = broker.protocol === "https:" ? process.getBuiltinModule("node:https") : undefined;
  const wire: Pick<typeof https, "request"> | typeof http = secure ?? http;
  const agent = secure
    ? new secure.Agent({ keepAlive: true, maxSockets: 4 })
    : new http.Agent({ keepAlive: true, maxSockets: 4 });

  function once(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request: ClientRequest = wire.request(
        new URL(call.path, broker),
        { method: call.method, agent, headers: headersOf(call) },
        (message) => readAnswer(message, broker).then(resolve, fail).finally(settle),
      );
      const timer = setTimeout(() => request.destroy(new TimedOut(call.timeoutMs)), call.timeoutMs);
      const abort = () => request.destroy(call.signal?.reason);
      const settle = () => {
        clearTimeout(timer);
        call.signal?.removeEventListener("abort", abort);
      };
      function fail(error: unknown): void {
        settle();
        if (call.signal?.aborted === true) reject(call.signal.reason);
        else if (error instanceof PhiError) reject(error);
        else reject(request.reusedSocket && isReset(error) ? new StaleConnection() : brokerUnreachable(broker, error));
      }
      request.on("error", fail);
      if (call.signal?.aborted === true) return abort();
      call.signal?.addEventListener("abort", abort, { once: true });
      request.end(call.body);
    });
  }

  return {
    async send(call) {
      try {
        return await once(call);
      } catch (error) {
        // The broker had closed the kept connection before this call was written: nothing was done, so ask again.
        if (!(error instanceof StaleConnection)) throw error;
        agent.destroy();
        return once(call);
      }
    },
    close: () => agent.destroy(),
  };
}

class StaleConnection extends Error {}

class TimedOut extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${Math.round(milliseconds / 1000)} s`);
  }
}

function isReset(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ECONNRESET" || code === "EPIPE";
}

function headersOf(call: Call): Record<string, string | number> {
  const body =
    call.body === undefined
      ? undefined
      : { "content-type": "application/json", "content-length": Buffer.byteLength(call.body) };
  return { accept: "application/json, application/problem+json", ...body, ...call.headers };
}

/** Reads the whole body, up to the limit. */
function readAnswer(message: IncomingMessage, broker: URL): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    message.on("data", (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= ANSWER_LIMIT) return;
      message.destroy();
      reject(
        new PhiError("bad_answer", `The broker at ${broker.origin} answered with more than ${ANSWER_LIMIT} bytes.`),
      );
    });
    message.on("error", reject);
    message.on("aborted", () => reject(new Error("the answer was cut")));
    message.on("end", () => {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(message.headers)) {
        if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
      }
      resolve({ status: message.statusCode ?? 0, headers, text: Buffer.concat(chunks).toString("utf8") });
    });
  });
}
