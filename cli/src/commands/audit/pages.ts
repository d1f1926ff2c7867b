import type { AuditEvent, AuditFilter } from "@phi/shared/contract/audit-event";
import type { BrokerClient } from "../../broker-client/client.js";

/** Events of one answer; the broker may give fewer, when they are long. */
const PAGE = 500;

/** The last events that fit, at most `limit` of them, in the order of the log. `cut`: there are older ones. */
export async function newestEvents(
  broker: BrokerClient,
  filter: AuditFilter,
  limit: number,
): Promise<{ events: AuditEvent[]; cut: boolean; head: number }> {
  const found: AuditEvent[] = [];
  let before: number | undefined;
  let head: number | undefined;
  do {
    const page = await broker.audit({
      ...filter,
      order: "newest",
      limit: Math.min(PAGE, limit - found.length),
      ...(before === undefined ? {} : { before }),
    });
    found.push(...page.events);
    head ??= page.head;
    // A page that does not move on would be asked for for ever.
    before = page.next !== undefined && page.next < (before ?? Number.POSITIVE_INFINITY) ? page.next : undefined;
  } while (before !== undefined && found.length < limit);
  return { events: found.reverse(), cut: before !== undefined, head };
}

/** Every event that fits, in the order of the log, page by page; none that comes after the first page was asked for. */
export async function* allEvents(
  broker: BrokerClient,
  filter: AuditFilter,
): AsyncGenerator<readonly AuditEvent[], void, void> {
  let after: number | undefined;
  let before: number | undefined;
  for (;;) {
    const page = await broker.audit({
      ...filter,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
      ...(before === undefined ? {} : { before }),
    });
    yield page.events;
    if (page.next === undefined || page.next <= (after ?? 0)) return;
    after = page.next;
    before ??= page.head + 1;
  }
}
