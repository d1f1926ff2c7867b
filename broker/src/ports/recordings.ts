import type { RecordingState } from "@phi/shared/contract/session";
import type { LeaseId, RequestId, SessionId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Principal } from "../domain/principal.js";
import type { CommitOutcome } from "./change.js";
import type { Session } from "./ledger.js";

/** What is kept of what a session showed. */
export interface Recording {
  readonly sessionId: SessionId;
  readonly state: RecordingState;
  /** How many pieces there are, numbered from 0; `bytes` is what they take. */
  readonly chunks: number;
  readonly bytes: number;
  /** Hash over all pieces so far, hex (`shared/src/audit/recording-chain.ts`). */
  readonly chain: string;
  /** So many pieces are covered by events, the last of them at `loggedAt`. */
  readonly logged: number;
  readonly loggedAt: Instant;
  readonly startedAt: Instant;
  readonly lastAt: Instant;
}

export interface Chunk {
  readonly n: number;
  /** SHA-256 of `data`, hex, as it came. */
  readonly hash: string;
  readonly data: Uint8Array;
}

/** A session with what it ran under, as people ask for it. */
export interface SessionRecord extends Session {
  readonly principal: Pick<Principal, "issuer" | "subject" | "name">;
  readonly resource: string;
  readonly role: string;
  readonly endedAt: Instant | undefined;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly endedBecause: string | undefined;
  readonly recorded: Pick<Recording, "state" | "chunks" | "bytes"> | undefined;
}

export interface SessionFilter {
  readonly since?: Instant | undefined;
  readonly until?: Instant | undefined;
  readonly actor?: string | undefined;
  readonly resource?: string | undefined;
  readonly request?: RequestId | undefined;
  readonly live?: boolean | undefined;
  readonly before?: SessionId | undefined;
  /** Only this principal's own, and those of requests that they may decide. */
  readonly visibleTo?: Principal | undefined;
  readonly limit: number;
}

/** What a change does to a recording. */
export type RecordingStep =
  /** The next piece: only while the recording runs and has just the pieces before it. The first one makes the recording. */
  | {
      readonly do: "append_chunk";
      readonly sessionId: SessionId;
      readonly chunk: Chunk;
      readonly at: Instant;
      readonly chain: { readonly before: string; readonly after: string };
      /** It is the last one. */
      readonly isLast: boolean;
      /** An event that covers it is written with it. */
      readonly isLogged: boolean;
    }
  /** Only a recording that runs and still has so many pieces; all of them are covered by an event now. */
  | {
      readonly do: "close_recording";
      readonly sessionId: SessionId;
      readonly to: "cut" | "failed" | "unfinished";
      readonly chunks: number;
      readonly at: Instant;
    }
  /** The pieces go; only of a recording that does not run. */
  | { readonly do: "remove_recording"; readonly sessionId: SessionId; readonly at: Instant };

/** The recordings in the ledger. Whatever is an event is written through the ledger's `commit`. */
export interface Recordings {
  of(session: SessionId): Promise<Recording | undefined>;
  /** A piece without an event of its own. */
  append(step: Extract<RecordingStep, { do: "append_chunk" }>): Promise<CommitOutcome>;
  /** From number `from` on, at least one of them if there is one, and no more than about `mostBytes`. */
  chunks(session: SessionId, from: number, mostBytes: number): Promise<Chunk[]>;
  chunkHash(session: SessionId, n: number): Promise<string | undefined>;

  session(id: SessionId): Promise<SessionRecord | undefined>;
  /** Sessions whose id begins so, a bounded number of them. */
  sessionsByPrefix(prefix: string): Promise<SessionRecord[]>;
  /** Newest first. */
  sessions(filter: SessionFilter): Promise<SessionRecord[]>;

  /** Sessions that run, must be recorded, began before the instant, and have not been recorded since it. */
  unrecorded(startedBefore: Instant, limit: number): Promise<{ sessionId: SessionId; leaseId: LeaseId }[]>;
  /** Recordings that run and got no piece since the instant, of sessions that are over. */
  unfinished(silentSince: Instant, limit: number): Promise<Recording[]>;
  /** Recordings that began before the instant, do not run, and are still kept. */
  older(startedBefore: Instant, limit: number): Promise<Recording[]>;
}
