import { PhiError } from "@phi/shared/errors";
import { request } from "undici";
import { createDispatcher } from "./dispatcher.js";
import { ANSWER_LIMIT, type Answer, brokerUnreachable, type Call, type Transport } from "./transport.js";

/** The transport through a proxy. It costs 30 ms at start, so it is read only when a proxy applies. */
export function createUndiciTransport(broker: URL, env: Readonly<Record<string, string | undefined>>): Transport {
  const dispatcher = createDispatcher(broker, env);

  async function once(call: Call, signal: AbortSignal): Promise<Answer> {
    const answer = await request(new URL(call.path, broker), {
      method: call.method,
      dispatcher,
      signal,
      headers: {
        accept: "application/json, application/problem+json",
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
    }
    return { status: answer.statusCode, headers, text: await readText(answer.body, broker) };
  }

  return {
    async send(call) {
      const tooSlow = AbortSignal.timeout(call.timeoutMs);
      const signal = call.signal === undefined ? tooSlow : AbortSignal.any([call.signal, tooSlow]);
      try {
        return await once(call, signal);
      } catch (error) {
        if (call.signal?.aborted === true) throw call.signal.reason;
        if (error instanceof PhiError) throw error;
        throw brokerUnreachable(
          broker,
          tooSlow.aborted ? new Error(`no answer within ${Math.round(call.timeoutMs / 1000)} s`) : error,
        );
      }
    },
    close: () => {
      dispatcher.destroy().catch(() => undefined);
    },
  };
}

async function readText(body: AsyncIterable<Buffer>, broker: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > ANSWER_LIMIT) {
      throw new PhiError("bad_answer", `The broker at ${broker.origin} answered with more than ${ANSWER_LIMIT} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
