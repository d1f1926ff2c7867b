import type { HeartbeatReply, LeaseEndOrder, LeaseEndReply, LeaseOrder, LeaseReply } from "@phi/shared/contract/lease";
import type { Secret } from "@phi/shared/secret";
import { fromJson, parseHeartbeatReply, parseLeaseEndReply, parseLeaseReply } from "./answers.js";
import { type AnswerContext, badAnswer, errorFromAnswer } from "./answers-problem.js";
import type { Transport } from "./transport.js";

/** The four calls of the hot path. Each rejects with a `PhiError`. */
export interface HotClient {
  makeLease(order: LeaseOrder): Promise<LeaseReply>;
  heartbeat(lease: string): Promise<HeartbeatReply>;
  /** Tells the broker that a window lease's secret has arrived. */
  acknowledge(lease: string): Promise<HeartbeatReply>;
  /** Waits until the revocation is proven, as long as the broker does (5 s). */
  endLease(lease: string, order: LeaseEndOrder): Promise<LeaseEndReply>;
}

/** Milliseconds: the target has 30 s to create a credential; the broker waits 5 s for a revocation; a beat is quick. */
const PATIENCE = { lease: 45_000, beat: 8_000, end: 10_000 } as const;

export interface HotClientParts {
  readonly transport: Transport;
  readonly token: Secret;
  readonly context: AnswerContext;
}

export function createHotClient({ transport, token, context }: HotClientParts): HotClient {
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
  };
}
