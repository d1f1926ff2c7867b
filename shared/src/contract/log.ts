import * as z from "zod";
import { auditEvent } from "./audit-event.js";
import { eventId } from "./fields.js";

/** A SHA-256 hash in base64 (RFC 4648 §4). */
const hash = z.string().length(44);
/** From the leaf, or the older tree, upwards (RFC 6962 §2.1.1, §2.1.2). */
const proof = z.array(hash).max(64);
/** A signed checkpoint: C2SP tlog-checkpoint. */
const checkpoint = z.string().max(16_384);

/** `GET /v1/log`: the log as the broker has signed it. */
export const logView = z.object({
  /** As people pass it on: name, id and public key, parted by +. */
  key: z.string().max(400),
  checkpoint,
});
export type LogView = z.infer<typeof logView>;

/** `GET /v1/log/consistency`: that the log of `from` events begins the log of `to`. */
export const consistencyQuery = z.strictObject({
  from: z.coerce.number().int().nonnegative(),
  to: z.coerce.number().int().positive(),
});
export type ConsistencyQuery = z.infer<typeof consistencyQuery>;
export const consistencyReply = z.object({ proof });
export type ConsistencyReply = z.infer<typeof consistencyReply>;

/** `GET /v1/log/inclusion`: that an event the caller may see is in the log. */
export const inclusionQuery = z.strictObject({ event: eventId });
export type InclusionQuery = z.infer<typeof inclusionQuery>;
export const inclusionReply = z.object({ event: auditEvent, index: z.int().nonnegative(), proof, checkpoint });
export type InclusionReply = z.infer<typeof inclusionReply>;

/** `GET /v1/log/rotations`: each change of the key, oldest first, under a checkpoint that the key before it signed too. */
export const rotationList = z.object({ rotations: z.array(inclusionReply) });
export type RotationList = z.infer<typeof rotationList>;
