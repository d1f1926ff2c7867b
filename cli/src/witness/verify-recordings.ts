import { isRecordingMark, type RecordedPiece, verifyRecordedPieces } from "@phi/shared/audit/verify-recording";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { RecordingPage } from "@phi/shared/contract/session";
import type { BrokerClient } from "../broker-client/client.js";
import { asPhiError } from "../terminal/as-phi-error.js";

/** What of an event a recording is held to. */
export type Mark = Pick<AuditEvent, "kind" | "session" | "data">;

/** Gathers, while a log is verified, what it says of recordings. */
export function createMarks(): { readonly of: ReadonlyMap<string, readonly Mark[]>; hear(event: Mark): void } {
  const of = new Map<string, Mark[]>();
  return {
    of,
    hear(event) {
      const { kind, session, data } = event;
      if (!isRecordingMark(event) || session === undefined) return;
      const known = of.get(session);
      if (known === undefined) of.set(session, [{ kind, session, data }]);
      else known.push({ kind, session, data });
    },
  };
}

export interface VerifiedRecordings {
  readonly checked: number;
  /** Of those that were checked, what retention had removed, as the log says. */
  readonly removed: number;
  readonly changed: readonly { readonly session: string; readonly piece: number; readonly why: string }[];
}

/** Fetches the recordings of these sessions and holds them to what a verified log says of them. That they were looked at is on record. */
export async function verifyRecordings(
  client: Pick<BrokerClient, "recording">,
  marks: ReadonlyMap<string, readonly Mark[]>,
): Promise<VerifiedRecordings> {
  const changed = [];
  let removed = 0;
  for (const [session, events] of marks) {
    const found = await verifyRecordedPieces(session, events, pieces(client, session));
    if (found.verdict === "removed") removed += 1;
    if (found.verdict === "changed") changed.push({ session, piece: found.piece, why: found.why });
  }
  return { checked: marks.size, removed, changed };
}

/** None, where the broker says that there are none: whether that is right the log tells. */
async function* pieces(client: Pick<BrokerClient, "recording">, session: string): AsyncGenerator<RecordedPiece> {
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: RecordingPage | undefined = await client.recording(session, from).catch((error: unknown) => {
      const code = asPhiError(error)?.code;
      if (from === 0 && (code === "wrong_state" || code === "not_found")) return undefined;
      throw error;
    });
    if (page === undefined) return;
    for (const { n, data } of page.chunks) yield { n, data: Buffer.from(data, "base64") };
    from = page.next !== undefined && page.next > from ? page.next : undefined;
  }
}
