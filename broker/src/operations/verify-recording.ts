import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { SessionId } from "@phi/shared/ids";
import type { Recordings } from "../ports/recordings.js";
import { chainNext, chainStart, sha256 } from "./recording-chain.js";

/** What came of comparing the pieces of a recording with what the audit log says of them. */
export type RecordingVerdict =
  /** `pieces` fit; `uncovered` further ones have come since the last event. */
  | { readonly verdict: "intact"; readonly pieces: number; readonly uncovered: number }
  /** An event says that retention removed them. */
  | { readonly verdict: "removed" }
  /** `piece` is the first that is changed or missing, as near as it can be told: never behind the first bad one's event. */
  | { readonly verdict: "changed"; readonly piece: number; readonly why: string };

/** Bytes read at a time. */
const STRETCH = 1024 * 1024;

/**
 * Checks one session's pieces against its `session.recorded` events, which must come from a log that is verified itself.
 * @param events all events of this session's recording, oldest first
 */
export function createVerifyRecording({ recordings }: { readonly recordings: Pick<Recordings, "chunks"> }) {
  return async function verifyRecording(session: SessionId, events: readonly AuditEvent[]): Promise<RecordingVerdict> {
    const own = events.filter((event) => event.session === session);
    const [first] = await recordings.chunks(session, 0, 1);
    if (own.some(({ kind }) => kind === "session.recording_removed")) {
      return first === undefined
        ? { verdict: "removed" }
        : { verdict: "changed", piece: 0, why: "there are pieces although the log says that they were removed" };
    }
    const marks = own.filter(({ kind }) => kind === "session.recorded").map(({ data }) => data);
    let chain = chainStart(session);
    let n = 0;
    let covered = 0;
    for await (const chunk of all(session)) {
      if (chunk.n !== n) return { verdict: "changed", piece: n, why: "a piece is missing" };
      const hash = sha256(chunk.data);
      if (hash !== chunk.hash)
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
  };

  async function* all(session: SessionId) {
    for (let from = 0; ; ) {
      const chunks = await recordings.chunks(session, from, STRETCH);
      if (chunks.length === 0) return;
      yield* chunks;
      from += chunks.length;
    }
  }
}
