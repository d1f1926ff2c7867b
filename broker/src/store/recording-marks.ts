import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { SessionId } from "@phi/shared/ids";
import { eventFromRow } from "./event-rows.js";
import { auditEvents } from "./schema/audit-events.js";
import { recordings } from "./schema/recordings.js";
import { rowTo, select } from "./select.js";
import { sql } from "./sql.js";
import type { Store } from "./store.js";

/** What the audit log says of every recording, by session, and the sessions of which there is one. */
export async function recordingMarks(rows: Store["rows"]): Promise<Map<SessionId, AuditEvent[]>> {
  const marks = new Map<SessionId, AuditEvent[]>();
  for (const [session] of await rows(sql`select ${recordings.sessionId} from ${recordings}`))
    marks.set(session as SessionId, []);
  const found = await rows(
    select(auditEvents, sql`where kind in ('session.recorded', 'session.recording_removed') order by seq`),
  );
  for (const row of found) {
    const event = eventFromRow(rowTo(auditEvents, row));
    const session = event.session as SessionId | undefined;
    if (session === undefined) continue;
    const known = marks.get(session);
    if (known === undefined) marks.set(session, [event]);
    else known.push(event);
  }
  return marks;
}
