import * as z from "zod";

/**
 * A recording is an asciicast v3 (https://docs.asciinema.org/manual/asciicast/v3), cut into numbered pieces of whole lines, each
 * compressed with gzip by itself: the pieces one after the other are the file, compressed (RFC 1952 §2.2).
 */

/** Most bytes of text in one piece, and of the same compressed. */
export const LARGEST_CHUNK_TEXT = 256 * 1024;
export const LARGEST_CHUNK = 272 * 1024;

/** What a role wants to have recorded of the sessions under it. `required`: what cannot be recorded does not run. */
export const recordingModes = ["terminal", "required"] as const;
export type RecordingMode = (typeof recordingModes)[number];

/** What the CLI is to record of the session that a lease is for; part of the answer that hands the lease over. */
export const recordingRules = z.object({
  mode: z.enum(recordingModes),
  /** What is typed is recorded too. */
  input: z.boolean(),
});
export type RecordingRules = z.infer<typeof recordingRules>;

/** `POST /v1/sessions/:id/recording/chunks/:n`, `n` from 0: the next piece, or one sent before, which changes nothing. */
export const chunkOrder = z.strictObject({
  /** Base64 (RFC 4648 §4) of the compressed piece. */
  data: z.base64().max(Math.ceil(LARGEST_CHUNK / 3) * 4),
  /** The command is over and this is all. */
  last: z.boolean().default(false),
});
export type ChunkOrder = z.input<typeof chunkOrder>;

/** `cut`: it has reached the longest a recording may be; what comes is not taken any more. */
export const chunkReply = z.object({ state: z.enum(["recording", "complete", "cut"]) });
export type ChunkReply = z.infer<typeof chunkReply>;

/** `POST /v1/sessions/:id/recording/failure`: the CLI cannot go on recording. */
export const recordingFailures = ["no_terminal", "not_sent", "refused"] as const;
export const recordingFailure = z.strictObject({ because: z.enum(recordingFailures) });
export type RecordingFailure = z.infer<typeof recordingFailure>;
