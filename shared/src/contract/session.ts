import * as z from "zod";
import { instant, leaseId, name, personView, requestId, sessionId } from "./fields.js";

/**
 * Where a session's recording stands. `running`: pieces come in · `complete` · `cut`: longer than recordings may be · `failed`: the
 * CLI could not go on · `unfinished`: the CLI was never heard of again · `removed`: older than recordings are kept.
 */
export const recordingStates = ["running", "complete", "cut", "failed", "unfinished", "removed"] as const;
export type RecordingState = (typeof recordingStates)[number];

/** One command run under a lease. */
export const sessionView = z.object({
  session: sessionId,
  request: requestId,
  lease: leaseId,
  principal: personView,
  resource: name,
  role: name,
  host: z.string(),
  /** Redacted. */
  command: z.array(z.string()),
  startedAt: instant,
  endedAt: instant.optional(),
  exitCode: z.int().optional(),
  signal: z.string().optional(),
  endedBecause: z.string().optional(),
  /** Absent when nothing was recorded. */
  recording: z
    .object({
      state: z.enum(recordingStates),
      chunks: z.int().nonnegative(),
      /** Compressed. */
      bytes: z.int().nonnegative(),
    })
    .optional(),
});
export type SessionView = z.infer<typeof sessionView>;

/** `GET /v1/sessions`, newest first: one's own, those one may approve, and all for auditors and admins. */
export const sessionQuery = z.strictObject({
  since: instant.optional(),
  until: instant.optional(),
  /** Name or subject of who ran it. */
  actor: z.string().min(1).max(255).optional(),
  resource: z.string().min(1).max(64).optional(),
  request: requestId.optional(),
  /** Only those that run (`true`), or only those that are over. */
  live: z.enum(["true", "false"]).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  /** The last session seen, to read on. */
  before: sessionId.optional(),
});
export type SessionQuery = z.infer<typeof sessionQuery>;

export const sessionList = z.object({ sessions: z.array(sessionView), next: sessionId.optional() });
export type SessionList = z.infer<typeof sessionList>;

/** `GET /v1/sessions/:id/recording?from=N`: some pieces from number N on. */
export const recordingQuery = z.strictObject({ from: z.coerce.number().int().nonnegative().default(0) });
export type RecordingQuery = z.infer<typeof recordingQuery>;

/** A piece as it was sent: base64 of gzip of lines of an asciicast v3. */
export const recordingPiece = z.object({ n: z.int().nonnegative(), data: z.base64() });
export type RecordingPiece = z.infer<typeof recordingPiece>;

export const recordingPage = z.object({
  session: sessionView,
  chunks: z.array(recordingPiece),
  /** Where the next page begins; absent when there is no further piece now. */
  next: z.int().positive().optional(),
});
export type RecordingPage = z.infer<typeof recordingPage>;
