import { PhiError } from "@phi/shared/errors";
import { request } from "undici";
import { errorFromAnswer } from "./answers-problem.js";
import { createDispatcher } from "./dispatcher.js";
import { type Line, readShort } from "./event-source.js";
import { brokerUnreachable } from "./transport.js";

/** So long nothing may come, in milliseconds: the broker may have to look through a long log for the next line. */
const SILENCE = 120_000;

/**
 * Everything that `path` gives, piece by piece, taken only as fast as the caller asks. Errors: what the broker answers;
 * `broker_unreachable` also when it ended early, so that half of it is never taken for all of it; the signal's reason.
 */
export async function* download(line: Line, path: string): AsyncGenerator<Buffer, void, void> {
  const { broker, token, signal, context } = line;
  const dispatcher = createDispatcher(broker, line.env, SILENCE);
  try {
    const answer = await request(new URL(path, broker), {
      method: "GET",
      dispatcher,
      signal,
      headers: { accept: "*/*", authorization: `Bearer ${token.reveal()}` },
    });
    if (answer.statusCode !== 200)
      throw errorFromAnswer({ status: answer.statusCode, headers: {}, text: await readShort(answer.body) }, context);
    yield* answer.body as AsyncIterable<Buffer>;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof PhiError ? error : brokerUnreachable(broker, error);
  } finally {
    dispatcher.destroy().catch(() => undefined);
  }
}
