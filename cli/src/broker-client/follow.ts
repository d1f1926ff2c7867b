import { type RequestView, requestView } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import type { Secret } from "@phi/shared/secret";
import { type Dispatcher, request } from "undici";
import { fromJson } from "./answers.js";
import { type AnswerContext, badAnswer, errorFromAnswer } from "./answers-problem.js";
import { createDispatcher } from "./dispatcher.js";
import { createEventStreamReader } from "./event-stream.js";
import { pause } from "./pause.js";
import { ANSWER_LIMIT, brokerUnreachable } from "./transport.js";

/** What following a request tells: its present state, at once and after every change, or that the line is down. */
export type FollowNews =
  | { readonly news: "request"; readonly view: RequestView }
  | { readonly news: "interrupted"; readonly retryInMs: number };

export interface FollowOrder {
  readonly broker: URL;
  readonly token: Secret;
  readonly request: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** What errors name. */
  readonly context: AnswerContext;
}

/** The broker sends a comment line every 15 s: three missed ones mean that the line is dead, in milliseconds. */
const SILENCE = 45_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;
const FINAL = new Set<RequestView["state"]>(["denied", "withdrawn", "lapsed", "ended"]);

/**
 * Follows a request by server-sent events until it is final, the caller stops, or the signal is aborted. The stream
 * starts with the present state, so nothing can be missed between asking and following, nor over a reconnect; a cut
 * line is taken up again with growing, jittered pauses, for as long as the caller waits. Errors: what the broker answers
 * (`sign_in_expired`, `not_found`, …), `bad_answer`; a broker that cannot be reached is news, not an error.
 */
export async function* followRequest(order: FollowOrder): AsyncGenerator<FollowNews, void, void> {
  const dispatcher = createDispatcher(order.broker, order.env, SILENCE);
  let nextPause = FIRST_PAUSE;
  try {
    while (!order.signal.aborted) {
      try {
        for await (const view of readOnce(order, dispatcher)) {
          nextPause = FIRST_PAUSE;
          yield { news: "request", view };
          if (FINAL.has(view.state)) return;
        }
      } catch (error) {
        if (order.signal.aborted) return;
        if (error instanceof PhiError && error.code !== "broker_unreachable") throw error;
      }
      const retryInMs = Math.round(nextPause * (0.75 + Math.random() / 2));
      yield { news: "interrupted", retryInMs };
      await pause(retryInMs, order.signal);
      nextPause = Math.min(nextPause * 2, LONGEST_PAUSE);
    }
  } finally {
    dispatcher.destroy().catch(() => undefined);
  }
}

/** One connection, until the broker closes it. */
async function* readOnce(order: FollowOrder, dispatcher: Dispatcher): AsyncGenerator<RequestView, void, void> {
  const answer = await request(new URL(`/v1/requests/${encodeURIComponent(order.request)}/events`, order.broker), {
    method: "GET",
    dispatcher,
    signal: order.signal,
    headers: { accept: "text/event-stream, application/problem+json", authorization: `Bearer ${order.token.reveal()}` },
  });
  if (answer.statusCode !== 200) {
    const text = await readShort(answer.body);
    if (answer.statusCode >= 500 || answer.statusCode === 429)
      throw brokerUnreachable(order.broker, new Error(`status ${answer.statusCode}`));
    throw errorFromAnswer({ status: answer.statusCode, headers: {}, text }, order.context);
  }
  const type = String(answer.headers["content-type"] ?? "");
  if (!/^text\/event-stream\s*(;|$)/i.test(type)) {
    await answer.body.dump({ limit: 16_384 });
    throw badAnswer(order.context, "it is not a stream of events");
  }
  const reader = createEventStreamReader();
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    for (const event of reader.push(decoder.decode(chunk, { stream: true }))) {
      if (event.event === "request") yield parseView(event.data, order.context);
    }
  }
}

function parseView(text: string, context: AnswerContext): RequestView {
  const parsed = requestView.safeParse(fromJson(text));
  if (parsed.success) return parsed.data;
  throw badAnswer(context, "one of its events is not a request");
}

async function readShort(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > ANSWER_LIMIT) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
