import type { Handover } from "../ports/destination.js";
import { refused, unavailable } from "./failure.js";
import type { PostOutcome } from "./guarded-post.js";

/** Statuses that speak of the event itself: sending the same again will not change them. All others speak of the destination. */
const REFUSALS = [400, 413, 415, 422];

/** What the answer to one event, after `accepted` others, means; `undefined` when it was taken. */
export function judgeAnswer(answer: PostOutcome, accepted: number): Handover | undefined {
  if (answer.outcome === "no_answer") return unavailable(accepted, answer.message);
  const { status, after } = answer;
  if (status >= 200 && status < 300) return undefined;
  if (REFUSALS.includes(status)) return refused(accepted, `it answered ${status}`);
  const redirect = status >= 300 && status < 400 ? "; redirects are not followed" : "";
  return unavailable(accepted, `it answered ${status}${redirect}`, after);
}
