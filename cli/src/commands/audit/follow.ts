import type { AuditEvent, AuditFilter } from "@phi/shared/contract/audit-event";
import type { Invocation } from "../../invocation.js";
import { auditColumns } from "../../terminal/audit-words.js";
import { listenForInterrupt } from "../../terminal/interrupted.js";
import { say, writeData, writeJson } from "../../terminal/output.js";
import { tableLines } from "../../terminal/table.js";

/** Shown before what comes, so that nobody begins in the dark. */
const USUAL_BEFORE = 10;

/**
 * The last events that fit and then each as it happens, until Ctrl-C. Between the two nothing is missed: following begins at the number
 * to which the log was read.
 */
export async function followLog(
  phi: Invocation,
  filter: AuditFilter,
  { limit = USUAL_BEFORE, utc }: { readonly limit?: number | undefined; readonly utc: boolean },
): Promise<number> {
  const { terminal } = phi;
  const interrupt = listenForInterrupt();
  try {
    const broker = await phi.broker();
    const { events, head } = await broker.audit({ ...filter, order: "newest", limit: Math.min(limit, 1_000) });
    write(phi, events.reverse(), utc);
    say(terminal, "Following; Ctrl-C ends it.");
    let isDown = false;
    for await (const news of await phi.followAudit(filter, head, interrupt.signal)) {
      if (news.news === "interrupted") {
        if (!isDown) say(terminal, "The broker does not answer; trying again.");
        isDown = true;
      } else {
        if (isDown) say(terminal, "The broker answers again; nothing was missed.");
        isDown = false;
        write(phi, [news.event], utc);
      }
    }
    return 0;
  } finally {
    interrupt.release();
  }
}

function write(phi: Invocation, events: readonly AuditEvent[], utc: boolean): void {
  const { terminal } = phi;
  if (terminal.json) for (const event of events) writeJson(terminal, event);
  // Lines that come one by one cannot know how wide the next will be: no heading, and nothing is cut.
  else
    for (const line of tableLines(auditColumns({ utc }), events, undefined))
      writeData(terminal, line.replaceAll("\t", "  "));
}
