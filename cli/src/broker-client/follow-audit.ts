import { type AuditEvent, type AuditFilter, auditEvent } from "@phi/shared/contract/audit-event";
import { fromJson } from "./answers.js";
import { badAnswer } from "./answers-problem.js";
import { keepListening, type Line } from "./event-source.js";
import { queryText } from "./query-text.js";

export type AuditNews =
  | { readonly news: "event"; readonly event: AuditEvent }
  | { readonly news: "interrupted"; readonly retryInMs: number };

export interface FollowAuditOrder extends Line {
  readonly filter: AuditFilter;
  /** The last number seen. */
  readonly after: number;
}

/**
 * Follows the audit log from a number on, until the signal is aborted; errors as {@link keepListening}. The log has no gaps and each
 * connection asks for what comes after the last event seen: over any number of cuts each event comes once.
 */
export async function* followAudit(order: FollowAuditOrder): AsyncGenerator<AuditNews, void, void> {
  let { after } = order;
  for await (const news of keepListening(order, () => `/v1/audit/events${queryText({ ...order.filter, after })}`)) {
    if (news.news === "interrupted") yield news;
    else if (news.event.event === "audit") {
      const parsed = auditEvent.safeParse(fromJson(news.event.data));
      if (!parsed.success) throw badAnswer(order.context, "one of its events is no audit event");
      if (parsed.data.seq <= after) continue;
      after = parsed.data.seq;
      yield { news: "event", event: parsed.data };
    }
  }
}
