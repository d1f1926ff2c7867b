import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { chainNext, chainStart, sha256 } from "@phi/shared/audit/recording-chain";
import {
  type ChunkReply,
  LARGEST_CHUNK,
  LARGEST_CHUNK_TEXT,
  type RecordingFailure,
} from "@phi/shared/contract/recording";
import { PhiError } from "@phi/shared/errors";
import type { Caller } from "../domain/caller.js";
import { samePrincipal } from "../domain/principal.js";
import type { Changes } from "../ports/changes.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Chunk, Recording, Recordings, SessionRecord } from "../ports/recordings.js";
import type { OpenSession } from "./open-session.js";
import { recordedUpTo, recordingFailed } from "./recording-events.js";

const decompress = promisify(gunzip);
/** An event covers at least so many pieces, or comes after so many ms: what is not covered yet could be changed unseen. */
const LOG_EVERY = 64;
const LOG_AFTER = 60_000;
/** Pieces are taken so long after the session's end, in ms: a CLI that could not reach the broker sends them later. */
export const LATE_PIECES = 10 * 60_000;

interface Needs {
  readonly ledger: Pick<Ledger, "commit" | "record">;
  readonly recordings: Pick<Recordings, "of" | "append" | "chunkHash">;
  readonly openSession: OpenSession;
  readonly changes: Pick<Changes, "publish">;
  readonly clock: Clock;
  /** Longest recording, in bytes as they are kept. */
  readonly mostBytes: number;
}

export interface PieceOrder {
  readonly n: number;
  readonly data: Uint8Array;
  readonly isLast: boolean;
}

/** Takes what the holder's CLI records of a session, in order, each piece once. */
export function createRecordSession({ ledger, recordings, openSession, changes, clock, mostBytes }: Needs) {
  /** @throws PhiError `not_found`, `wrong_state`, `invalid_input`, `body_too_large`, `store_unavailable` */
  async function append(caller: Caller, typed: string, order: PieceOrder): Promise<ChunkReply> {
    const session = await openOwn(caller, typed);
    await checkPiece(order.data);
    const recording = await recordings.of(session.id);
    const count = recording?.chunks ?? 0;
    const hash = sha256(order.data);
    if (order.n < count) return again(session, recording, order.n, hash);
    if (order.n > count) throw wrongState(`Piece ${count} of the recording comes next, not ${order.n}.`);
    if (recording !== undefined && recording.state !== "running") return closed(recording);

    if ((recording?.bytes ?? 0) + order.data.length > mostBytes) {
      await close(session, recording, "cut", "limit");
      return { state: "cut" };
    }
    const moved = await commit(session, recording, { n: order.n, hash, data: order.data }, order.isLast);
    // The same piece twice at once: one of the two came second.
    if (!moved) return again(session, await recordings.of(session.id), order.n, hash);
    changes.publish(session.requestId);
    return { state: order.isLast ? "complete" : "recording" };
  }

  async function commit(
    session: SessionRecord,
    recording: Recording | undefined,
    chunk: Chunk,
    isLast: boolean,
  ): Promise<boolean> {
    const at = clock.now();
    const before = recording?.chain ?? chainStart(session.id);
    const after = chainNext(before, chunk.hash);
    const logged = recording?.logged ?? 0;
    const isLogged = isLast || chunk.n + 1 - logged >= LOG_EVERY || at - (recording?.loggedAt ?? at) >= LOG_AFTER;
    const step = {
      do: "append_chunk",
      sessionId: session.id,
      chunk,
      at,
      chain: { before, after },
      isLast,
      isLogged,
    } as const;
    if (!isLogged) return (await recordings.append(step)) === "moved";
    const covered = {
      from: logged,
      pieces: chunk.n + 1,
      bytes: (recording?.bytes ?? 0) + chunk.data.length,
      chain: after,
    };
    const event = recordedUpTo(session, at, { ...covered, state: isLast ? "complete" : "running" });
    return (await ledger.commit({ guard: step, events: [event] })) === "moved";
  }

  async function again(
    session: SessionRecord,
    recording: Recording | undefined,
    n: number,
    hash: string,
  ): Promise<ChunkReply> {
    if (recording !== undefined && (await recordings.chunkHash(session.id, n)) === hash) return stateOf(recording);
    throw wrongState(`Piece ${n} of the recording was sent before and was another.`);
  }

  /** The CLI says that it cannot go on. */
  async function fail(caller: Caller, typed: string, { because }: RecordingFailure): Promise<void> {
    const session = await openOwn(caller, typed);
    await close(session, await recordings.of(session.id), "failed", because);
  }

  async function close(
    session: SessionRecord,
    recording: Recording | undefined,
    to: "cut" | "failed",
    because: string,
  ): Promise<void> {
    const at = clock.now();
    const failed = recordingFailed(session, at, because);
    if (recording === undefined) {
      // Nothing was recorded at all: that is a fact too.
      await ledger.record(failed);
      return;
    }
    const { logged: from, chunks: pieces, bytes, chain } = recording;
    await ledger.commit({
      guard: { do: "close_recording", sessionId: session.id, to, chunks: pieces, at },
      events: [recordedUpTo(session, at, { from, pieces, bytes, chain, state: to }), failed],
    });
  }

  /** Only the holder's CLI records, and only what was to be recorded. */
  async function openOwn(caller: Caller, typed: string): Promise<SessionRecord> {
    const { session, request } = await openSession(caller, typed);
    if (!samePrincipal(request.requester, caller.principal)) {
      throw new PhiError("not_found", "There is no such session, or it is not yours.");
    }
    if (session.recording === undefined) throw wrongState("This session is not recorded.");
    if (session.endedAt !== undefined && clock.now() - session.endedAt > LATE_PIECES) {
      throw wrongState("This session is over for too long to add to its recording.");
    }
    return session;
  }

  return { append, fail };
}

/** It is kept as it came; who reads it later must not meet what is no piece, or unpacks without end. */
async function checkPiece(data: Uint8Array): Promise<void> {
  if (data.length > LARGEST_CHUNK) throw new PhiError("body_too_large", "The piece of the recording is too large.");
  try {
    await decompress(data, { maxOutputLength: LARGEST_CHUNK_TEXT });
  } catch (error) {
    throw new PhiError("invalid_input", "The piece of the recording is not gzip, or unpacks to too much.", {
      cause: error,
    });
  }
}

function closed(recording: Recording): ChunkReply {
  const reply = stateOf(recording);
  if (reply.state === "cut") return reply;
  throw wrongState("The recording of this session is over.");
}

function stateOf({ state }: Recording): ChunkReply {
  return { state: state === "running" ? "recording" : state === "cut" ? "cut" : "complete" };
}

function wrongState(message: string): PhiError {
  return new PhiError("wrong_state", message);
}
