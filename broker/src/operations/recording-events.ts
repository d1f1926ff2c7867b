import type { RecordingState } from "@phi/shared/contract/session";
import { newId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Caller } from "../domain/caller.js";
import type { SessionRecord } from "../ports/recordings.js";

type About = Pick<SessionRecord, "id" | "requestId" | "leaseId" | "resource" | "principal">;

function event(kind: AuditEntry["kind"], session: About, at: Instant, data: Record<string, unknown>): AuditEntry {
  return {
    id: newId("event"),
    at,
    kind,
    resource: session.resource,
    requestId: session.requestId,
    leaseId: session.leaseId,
    sessionId: session.id,
    data,
  };
}

/** What `session.recorded` holds: pieces from number `from` on are new to the log, `pieces` are all there are, `chain` is over all. */
export interface Covered {
  readonly from: number;
  readonly pieces: number;
  readonly bytes: number;
  readonly chain: string;
  readonly state: RecordingState;
}

export function recordedUpTo(session: About, at: Instant, covered: Covered): AuditEntry {
  return event("session.recorded", session, at, { ...covered });
}

export function recordingFailed(session: About, at: Instant, because: string): AuditEntry {
  return event("session.recording_failed", session, at, { because });
}

export function recordingRemoved(session: About, at: Instant, what: { pieces: number; bytes: number }): AuditEntry {
  return event("session.recording_removed", session, at, { because: "retention", ...what });
}

export function lookedAt(kind: "session.replayed" | "session.watched", session: About, at: Instant, caller: Caller) {
  return { ...event(kind, session, at, { of: session.principal.name }), actor: caller.principal };
}
