import { type RecordingVerdict, verifyRecordedPieces } from "@phi/shared/audit/verify-recording";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { SessionId } from "@phi/shared/ids";
import type { Recordings } from "../ports/recordings.js";

/** Bytes read at a time. */
const STRETCH = 1024 * 1024;

/** Checks a session's pieces where they are kept; see {@link verifyRecordedPieces}. */
export function createVerifyRecording({ recordings }: { readonly recordings: Pick<Recordings, "chunks"> }) {
  return (session: SessionId, events: readonly AuditEvent[]): Promise<RecordingVerdict> =>
    verifyRecordedPieces(session, events, all(session));

  async function* all(session: SessionId) {
    for (let from = 0; ; ) {
      const chunks = await recordings.chunks(session, from, STRETCH);
      if (chunks.length === 0) return;
      yield* chunks;
      from += chunks.length;
    }
  }
}
