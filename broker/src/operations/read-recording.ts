import { PhiError } from "@phi/shared/errors";
import type { Instant } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Chunk, Recordings, SessionRecord } from "../ports/recordings.js";
import type { OpenSession } from "./open-session.js";
import { lookedAt } from "./recording-events.js";

/** Bytes of one page, about: in base64 with all around it, it stays below what a CLI reads of one answer (1 MiB). */
const PAGE = 512 * 1024;

/** So long, in ms, whoever reads on from the middle is still at the look that is on record. */
const ONE_LOOK = 3_600_000;
/** Forgetting one makes an event more. */
const MOST_LOOKS = 1_000;

export interface RecordingPart {
  readonly session: SessionRecord;
  readonly chunks: readonly Chunk[];
  /** More pieces were there behind these. */
  readonly next: number | undefined;
}

interface Needs {
  readonly ledger: Pick<Ledger, "record">;
  readonly recordings: Pick<Recordings, "chunks">;
  readonly openSession: OpenSession;
  readonly clock: Clock;
}

/** Looking at a recording. Who looks is on record: at the first page of a replay, wherever that begins, and at the beginning of watching. */
export function createReadRecording({ ledger, recordings, openSession, clock }: Needs) {
  /** When whose look at which session was put on record; the oldest first. */
  const looks = new Map<string, Instant>();

  /** A replay that begins in the middle is one too. */
  async function note(caller: Caller, session: SessionRecord, from: number): Promise<void> {
    const at = clock.now();
    const { issuer, subject } = caller.principal;
    const look = JSON.stringify([issuer, subject, session.id]);
    if (from > 0 && at - (looks.get(look) ?? Number.NEGATIVE_INFINITY) < ONE_LOOK) return;
    await ledger.record(lookedAt("session.replayed", session, at, caller));
    looks.delete(look);
    looks.set(look, at);
    const [oldest] = looks.keys();
    if (looks.size > MOST_LOOKS && oldest !== undefined) looks.delete(oldest);
  }

  async function read(caller: Caller, typed: string, from: number): Promise<RecordingPart> {
    const { session } = await openSession(caller, typed);
    return part(recorded(session), from);
  }

  async function part(session: SessionRecord, from: number): Promise<RecordingPart> {
    const chunks = await recordings.chunks(session.id, from, PAGE);
    const end = from + chunks.length;
    return { session, chunks, next: chunks.length > 0 && end < (session.recorded?.chunks ?? 0) ? end : undefined };
  }

  return {
    /** @throws PhiError `not_found`, `wrong_state` when nothing was recorded or it is not kept any more */
    async replay(caller: Caller, typed: string, from: number): Promise<RecordingPart> {
      const found = await read(caller, typed, from);
      await note(caller, found.session, from);
      return found;
    },
    /** As {@link replay}, for one who will read on. */
    async watch(caller: Caller, typed: string): Promise<SessionRecord> {
      const { session } = await openSession(caller, typed);
      if (session.endedAt !== undefined) {
        throw new PhiError("wrong_state", `The session ${session.id} is over.`, { hint: `phi replay ${session.id}` });
      }
      if (session.recording === undefined) throw notRecorded(session);
      await ledger.record(lookedAt("session.watched", session, clock.now(), caller));
      return session;
    },
    /** The next pieces of what is watched; authorised anew. */
    async follow(caller: Caller, session: SessionRecord, from: number): Promise<RecordingPart> {
      const { session: current } = await openSession(caller, session.id);
      return part(current, from);
    },
  };
}

function recorded(session: SessionRecord): SessionRecord {
  if (session.recorded === undefined) throw notRecorded(session);
  if (session.recorded.state === "removed") {
    throw new PhiError("wrong_state", `The recording of ${session.id} is older than recordings are kept, and is gone.`);
  }
  return session;
}

function notRecorded(session: SessionRecord): PhiError {
  return new PhiError("wrong_state", `The session ${session.id} was not recorded.`, {
    hint: `phi audit --request ${session.requestId} tells what is known of it`,
  });
}
