import * as z from "zod";
import { instant, leaseId, name, requestId, sessionId } from "./fields.js";
import { recordingRules } from "./recording.js";

/**
 * `POST /v1/leases`: make a credential now. `request` (an id) or `resource` (a name) narrows which approved request is
 * meant; without either the caller must have just one that is usable.
 * `command` leases live as long as one command and are kept alive by heartbeats; `window` leases (`phi env`) live until the
 * window closes and must be acknowledged once.
 */
export const leaseOrder = z.strictObject({
  request: z.string().min(1).max(64).optional(),
  resource: z.string().min(1).max(64).optional(),
  use: z.enum(["command", "window"]),
  /** The command as the person typed it, for the record; the CLI has redacted secrets in it. At most 64 words. */
  command: z.array(z.string().max(1_000)).max(64),
  host: z.string().min(1).max(255),
  /** The command has a terminal on all three streams, so that what is seen there can be recorded. */
  terminal: z.boolean().default(false),
});
export type LeaseOrder = z.infer<typeof leaseOrder>;
/** As the CLI writes it. */
export type LeaseOrderInput = z.input<typeof leaseOrder>;

/** The answer, with the secret, handed over exactly once. */
export const leaseReply = z.object({
  lease: leaseId,
  session: sessionId,
  request: requestId,
  resource: name,
  role: name,
  expiresAt: instant,
  /** Milliseconds until then by the broker's clock: the CLI's own clock is not trusted. */
  expiresInMs: z.number().nonnegative(),
  /** Beat at least this often, or the lease is revoked; absent for a window lease. */
  heartbeatMs: z.int().positive().optional(),
  /** What to record of the session; absent when nothing is. */
  recording: recordingRules.optional(),
  /** The requester granted it to themselves, and somebody reviews it. */
  emergency: z.literal(true).optional(),
  /** Variables for the child's environment, secret ones included. */
  environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/), z.string().max(8_192)),
});
export type LeaseReply = z.infer<typeof leaseReply>;

/** `POST /v1/leases/:id/heartbeat` and `…/acknowledge`. */
export const heartbeatReply = z.object({
  state: z.enum(["active", "ended"]),
  expiresInMs: z.number().nonnegative(),
  /** Nothing was done on the target for a while, as far as the broker has seen: in so many ms the access ends as idle. Absent while that is far off. */
  idleEndsInMs: z.number().nonnegative().optional(),
  endedBecause: z.string().optional(),
});
export type HeartbeatReply = z.infer<typeof heartbeatReply>;

/** `POST /v1/leases/:id/end`: the command is over. */
export const leaseEndOrder = z.strictObject({
  exitCode: z.int().min(0).max(255).optional(),
  signal: z
    .string()
    .regex(/^SIG[A-Z0-9]{1,12}$/)
    .optional(),
  /**
   * `command_ended`, `window_over`: the CLI stopped it, `not_started`: it could not be run, `recording_failed`: it had to be
   * recorded and could not be any more.
   */
  because: z.enum(["command_ended", "window_over", "not_started", "recording_failed"]),
});
export type LeaseEndOrder = z.infer<typeof leaseEndOrder>;

/** `revoked` means proven on the target; `revoking` means the broker goes on trying. */
export const leaseEndReply = z.object({
  state: z.enum(["revoked", "revoking"]),
  /** Why the lease had ended before the command did; absent when the command's end was what ended it. */
  endedBecause: z.string().optional(),
});
export type LeaseEndReply = z.infer<typeof leaseEndReply>;
