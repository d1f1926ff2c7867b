import { CHECKPOINT_HEADER } from "@phi/shared/audit/checkpoint-header";
import type {
  HeartbeatReply,
  LeaseEndOrder,
  LeaseEndReply,
  LeaseOrderInput,
  LeaseReply,
} from "@phi/shared/contract/lease";
import type { ChunkOrder, ChunkReply, RecordingFailure } from "@phi/shared/contract/recording";
import type { Secret } from "@phi/shared/secret";
import { fromJson, parseChunkReply, parseHeartbeatReply, parseLeaseEndReply, parseLeaseReply } from "./answers.js";
import { type AnswerContext, badAnswer, errorFromAnswer } from "./answers-problem.js";
import type { Transport } from "./transport.js";

/** The calls of the hot path. Each rejects with a `PhiError`. */
export interface HotClient {
  makeLease(order: LeaseOrderInput): Promise<LeaseReply>;
  heartbeat(lease: string): Promise<HeartbeatReply>;
  /** Tells the broker that a window lease's secret has arrived. */
  acknowledge(lease: string): Promise<HeartbeatReply>;
  /** Waits until the revocation is proven, as long as the broker does (5 s). */
  endLease(lease: string, order: LeaseEndOrder): Promise<LeaseEndReply>;
  /** Piece number `n` of a session's recording; again, when it is not known whether it arrived. */
  recordChunk(session: string, n: number, order: ChunkOrder): Promise<ChunkReply>;
  recordingFailed(session: string, failure: RecordingFailure): Promise<void>;
}

/** Milliseconds: the target has 30 s to create a credential; the broker waits 5 s for a revocation; a beat is quick. */
const PATIENCE = { lease: 45_000, beat: 8_000, end: 10_000, chunk: 10_000 } as const;

export interface HotClientParts {
  readonly transport: Transport;
  readonly token: Secret;
  readonly context: AnswerContext;
  /** Hears of the checkpoint in each answer, as it came. */
  readonly keepShown: (shown: string) => void;
}

export function createHotClient({ transport, token, context, keepShown }: HotClientParts): HotClient {
  async function post<T>(
    call: { path: string; body: unknown; timeoutMs: number },
    parse: (value: unknown) => T | undefined,
    what: string,
  ): Promise<T> {
    const answer = await transport.send({
      method: "POST",
      path: call.path,
      headers: { authorization: `Bearer ${token.reveal()}` },
      body: JSON.stringify(call.body),
      timeoutMs: call.timeoutMs,
    });
    const shown = answer.headers[CHECKPOINT_HEADER];
    if (shown !== undefined) keepShown(shown);
    if (answer.status < 200 || answer.status > 299) throw errorFromAnswer(answer, context);
    const value = parse(fromJson(answer.text));
    if (value === undefined) throw badAnswer(context, `it is not ${what}`);
    return value;
  }

  return {
    makeLease: (order) =>
      post({ path: "/v1/leases", body: order, timeoutMs: PATIENCE.lease }, parseLeaseReply, "a lease"),
    heartbeat: (lease) =>
      post(
        { path: `/v1/leases/${lease}/heartbeat`, body: {}, timeoutMs: PATIENCE.beat },
        parseHeartbeatReply,
        "the answer to a heartbeat",
      ),
    acknowledge: (lease) =>
      post(
        { path: `/v1/leases/${lease}/acknowledge`, body: {}, timeoutMs: PATIENCE.beat },
        parseHeartbeatReply,
        "the answer to an acknowledgement",
      ),
    endLease: (lease, order) =>
      post(
        { path: `/v1/leases/${lease}/end`, body: order, timeoutMs: PATIENCE.end },
        parseLeaseEndReply,
        "the answer to an end",
      ),
    recordChunk: (session, n, order) =>
      post(
        { path: `/v1/sessions/${session}/recording/chunks/${n}`, body: order, timeoutMs: PATIENCE.chunk },
        parseChunkReply,
        "the answer to a piece of a recording",
      ),
    recordingFailed: async (session, failure) => {
      await post(
        { path: `/v1/sessions/${session}/recording/failure`, body: failure, timeoutMs: PATIENCE.beat },
        () => true,
        "an answer",
      );
    },
  };
}
