import { type CallOutcome, createGuardedCall, type GuardOptions } from "../network/guarded-call.js";

/** One call, in ms: resolving, connecting, and the whole answer. */
const WITHIN = 10_000;
/** Bytes of an answer that are read; the rest is of no interest. */
const LARGEST_ANSWER = 65_536;

export interface PostOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
export type PostOutcome = CallOutcome;

/** Posts to addresses from the configuration, and to nothing that hides behind them. */
export interface GuardedPost {
  post(order: PostOrder, signal: AbortSignal): Promise<PostOutcome>;
  close(): void;
}

/** HTTP POST within the bounds that suit a receiver of webhooks. */
export function createGuardedPost(options: GuardOptions): GuardedPost {
  const guarded = createGuardedCall(options);
  return {
    post: (order, signal) =>
      guarded.call({ ...order, method: "POST", within: WITHIN, largest: LARGEST_ANSWER }, signal),
    close: () => guarded.close(),
  };
}
