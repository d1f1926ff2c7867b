import { type RequestView, requestView } from "@phi/shared/contract/request";
import { fromJson } from "./answers.js";
import { badAnswer } from "./answers-problem.js";
import { keepListening, type Line } from "./event-source.js";

/** What following a request tells: its present state, at once and after every change, or that the line is down. */
export type FollowNews =
  | { readonly news: "request"; readonly view: RequestView }
  | { readonly news: "interrupted"; readonly retryInMs: number };

export interface FollowOrder extends Line {
  readonly request: string;
}

const FINAL = new Set<RequestView["state"]>(["denied", "withdrawn", "lapsed", "ended", "extended"]);

/**
 * Follows a request until it is final, the caller stops, or the signal is aborted; errors as {@link keepListening}. The stream
 * starts with the present state, so nothing can be missed between asking and following, nor over a reconnect.
 */
export async function* followRequest(order: FollowOrder): AsyncGenerator<FollowNews, void, void> {
  for await (const news of keepListening(order, () => `/v1/requests/${encodeURIComponent(order.request)}/events`)) {
    if (news.news === "interrupted") yield news;
    else if (news.event.event === "request") {
      const parsed = requestView.safeParse(fromJson(news.event.data));
      if (!parsed.success) throw badAnswer(order.context, "one of its events is not a request");
      yield { news: "request", view: parsed.data };
      if (FINAL.has(parsed.data.state)) return;
    }
  }
}
