import { fetch } from "undici";
import { createDispatcher } from "./dispatcher.js";
import { pause } from "./pause.js";
import { ANSWER_LIMIT } from "./transport.js";

/** Tries per call while the network fails, and the pause after the first of them in milliseconds (doubling). */
const TRIES = 4;
const FIRST_PAUSE = 500;

interface Order {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/**
 * `fetch` as it is safe to use towards an issuer: through the proxy of the environment, with bounded answers, without
 * redirects, and with a few retries when the connection fails (RFC 8628 §3.5 asks for a growing pause).
 */
export function createBoundedFetch(
  env: Readonly<Record<string, string | undefined>>,
): (url: string, order: Order) => Promise<Response> {
  return async (url, order) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await fetchOnce(url, order, env);
      } catch (error) {
        if (attempt === TRIES || order.signal?.aborted === true || error instanceof RangeError) throw error;
        await pause(FIRST_PAUSE * 2 ** (attempt - 1), order.signal);
      }
    }
  };
}

async function fetchOnce(
  url: string,
  order: Order,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Response> {
  const dispatcher = createDispatcher(new URL(url), env);
  try {
    const answer = await fetch(url, {
      method: order.method,
      headers: order.headers,
      redirect: "manual",
      dispatcher,
      ...(order.body === undefined || order.body === null ? {} : { body: String(order.body) }),
      ...(order.signal === undefined ? {} : { signal: order.signal }),
    });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of answer.body ?? []) {
      length += chunk.byteLength;
      if (length > ANSWER_LIMIT) throw new RangeError("the answer is too large");
      chunks.push(chunk);
    }
    const isBodiless = [101, 204, 205, 304].includes(answer.status);
    return new Response(isBodiless ? null : Buffer.concat(chunks), {
      status: answer.status,
      statusText: answer.statusText,
      headers: [...answer.headers],
    });
  } finally {
    await dispatcher.destroy();
  }
}
