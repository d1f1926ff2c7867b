import { type RecordingPiece, recordingPiece, type SessionView, sessionView } from "@phi/shared/contract/session";
import { fromJson } from "./answers.js";
import { badAnswer } from "./answers-problem.js";
import { keepListening, type Line } from "./event-source.js";

export type RecordingNews =
  | { readonly news: "piece"; readonly piece: RecordingPiece }
  /** The session is over. */
  | { readonly news: "ended"; readonly session: SessionView }
  | { readonly news: "interrupted"; readonly retryInMs: number };

export interface FollowRecordingOrder extends Line {
  readonly session: string;
}

/**
 * Follows a session that is being recorded, from its first piece, until it is over or the signal is aborted; errors as
 * {@link keepListening}. Each connection begins at the beginning; pieces that came before are passed over.
 */
export async function* followRecording(order: FollowRecordingOrder): AsyncGenerator<RecordingNews, void, void> {
  let next = 0;
  const address = () => `/v1/sessions/${encodeURIComponent(order.session)}/recording/events`;
  for await (const news of keepListening(order, address)) {
    if (news.news === "interrupted") {
      yield news;
      continue;
    }
    const value = fromJson(news.event.data);
    if (news.event.event === "chunk") {
      const parsed = recordingPiece.safeParse(value);
      if (!parsed.success) throw badAnswer(order.context, "one of its events is no piece of a recording");
      if (parsed.data.n < next) continue;
      next = parsed.data.n + 1;
      yield { news: "piece", piece: parsed.data };
    } else if (news.event.event === "session") {
      const parsed = sessionView.safeParse(value);
      if (!parsed.success) throw badAnswer(order.context, "one of its events is no session");
      yield { news: "ended", session: parsed.data };
      return;
    }
  }
}
