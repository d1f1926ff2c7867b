import { PhiError } from "@phi/shared/errors";
import type { Secret } from "@phi/shared/secret";
import { type Dispatcher, request } from "undici";
import { type AnswerContext, badAnswer, errorFromAnswer } from "./answers-problem.js";
import { createDispatcher } from "./dispatcher.js";
import { createEventStreamReader, type ServerSentEvent } from "./event-stream.js";
import { pause } from "./pause.js";
import { ANSWER_LIMIT, brokerUnreachable } from "./transport.js";

/** Where to, and as whom. */
export interface Line {
  readonly broker: URL;
  readonly token: Secret;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** What errors name. */
  readonly context: AnswerContext;
}

/** What comes on a line: an event, or that the line is down. */
export type LineNews =
  | { readonly news: "event"; readonly event: ServerSentEvent }
  | { readonly news: "interrupted"; readonly retryInMs: number };

/** The broker sends a comment line every 15 s: three missed ones mean that the line is dead, in milliseconds. */
const SILENCE = 45_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;

/**
 * Server-sent events of a path, until the caller stops or the signal is aborted. A cut line is taken up again with growing, jittered
 * pauses; `path` is asked anew for each connection, so that it can say how far the caller has come. Errors: what the broker answers
 * (`sign_in_expired`, `not_found`, …), `bad_answer`; a broker that cannot be reached is news, not an error.
 */
export async function* keepListening(line: Line, path: () => string): AsyncGenerator<LineNews, void, void> {
  const dispatcher = createDispatcher(line.broker, line.env, SILENCE);
  let nextPause = FIRST_PAUSE;
  try {
    while (!line.signal.aborted) {
      try {
        for await (const event of listenOnce(line, path(), dispatcher)) {
          nextPause = FIRST_PAUSE;
          yield { news: "event", event };
        }
      } catch (error) {
        if (line.signal.aborted) return;
        if (error instanceof PhiError && error.code !== "broker_unreachable") throw error;
      }
      if (line.signal.aborted) return;
      const retryInMs = Math.round(nextPause * (0.75 + Math.random() / 2));
      yield { news: "interrupted", retryInMs };
      await pause(retryInMs, line.signal);
      nextPause = Math.min(nextPause * 2, LONGEST_PAUSE);
    }
  } finally {
    dispatcher.destroy().catch(() => undefined);
  }
}

/** One connection, until the broker closes it. */
async function* listenOnce(
  { broker, token, signal, context }: Line,
  path: string,
  dispatcher: Dispatcher,
): AsyncGenerator<ServerSentEvent, void, void> {
  const answer = await request(new URL(path, broker), {
    method: "GET",
    dispatcher,
    signal,
    headers: { accept: "text/event-stream, application/problem+json", authorization: `Bearer ${token.reveal()}` },
  });
  if (answer.statusCode !== 200) {
    const text = await readShort(answer.body);
    if (answer.statusCode >= 500 || answer.statusCode === 429)
      throw brokerUnreachable(broker, new Error(`status ${answer.statusCode}`));
    throw errorFromAnswer({ status: answer.statusCode, headers: {}, text }, context);
  }
  const type = String(answer.headers["content-type"] ?? "");
  if (!/^text\/event-stream\s*(;|$)/i.test(type)) {
    await answer.body.dump({ limit: 16_384 });
    throw badAnswer(context, "it is not a stream of events");
  }
  const reader = createEventStreamReader();
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as AsyncIterable<Buffer>)
    yield* reader.push(decoder.decode(chunk, { stream: true }));
}

/** The beginning of a body, as much as an answer may hold. */
export async function readShort(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > ANSWER_LIMIT) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
