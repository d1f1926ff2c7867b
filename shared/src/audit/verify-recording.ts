import type { AuditEvent } from "../contract/audit-event.js";
import { chainNext, chainStart, sha256 } from "./recording-chain.js";

/** What came of comparing the pieces of a recording with what the audit log says of them. */
export type RecordingVerdict =
  /** `pieces` fit; `uncovered` further ones have come since the last event. */
  | { readonly verdict: "intact"; readonly pieces: number; readonly uncovered: number }
  /** An event says that retention removed them. */
  | { readonly verdict: "removed" }
  /** `piece` is the first that is changed or missing, as near as it can be told: never behind the first bad one's event. */
  | { readonly verdict: "changed"; readonly piece: number; readonly why: string };

/** Events that say something of a recording. */
export function isRecordingMark({ kind }: Pick<AuditEvent, "kind">): boolean {
  return kind === "session.recorded" || kind === "session.recording_removed";
}

/** A piece of a recording, and the hash that it came with where that is kept apart. */
export interface RecordedPiece {
  readonly n: number;
  readonly hash?: string;
  readonly data: Uint8Array;
}

/**
 * Checks one session's pieces against its `session.recorded` events, which must come from a log that is verified itself.
 * @param events all events of this session's recording, oldest first
 * @param pieces all there are, in order
 */
export async function verifyRecordedPieces(
  session: string,
  events: readonly Pick<AuditEvent, "kind" | "session" | "data">[],
  pieces: AsyncIterable<RecordedPiece>,
): Promise<RecordingVerdict> {
  const own = events.filter((event) => event.session === session);
  if (own.some(({ kind }) => kind === "session.recording_removed")) {
    for await (const _ of pieces)
      return { verdict: "changed", piece: 0, why: "there are pieces although the log says that they were removed" };
    return { verdict: "removed" };
  }
  const marks = own.filter(({ kind }) => kind === "session.recorded").map(({ data }) => data);
  let chain = chainStart(session);
  let n = 0;
  let covered = 0;
  for await (const chunk of pieces) {
    if (chunk.n !== n) return { verdict: "changed", piece: n, why: "a piece is missing" };
    const hash = sha256(chunk.data);
    if (chunk.hash !== undefined && hash !== chunk.hash)
      return { verdict: "changed", piece: n, why: "the piece does not have the hash it came with" };
    chain = chainNext(chain, hash);
    n += 1;
    for (const mark of marks.filter(({ pieces }) => pieces === n)) {
      if (mark.chain !== chain) {
        return {
          verdict: "changed",
          piece: covered,
          why: `pieces ${covered} to ${n - 1} are not those that the log covers`,
        };
      }
      covered = n;
    }
  }
  const most = Math.max(0, ...marks.map(({ pieces }) => (typeof pieces === "number" ? pieces : 0)));
  if (most > n) return { verdict: "changed", piece: n, why: `the log covers ${most} pieces and there are ${n}` };
  return { verdict: "intact", pieces: n, uncovered: n - covered };
}
