import * as z from "zod";
import { instant, line, lockId, name, personView } from "./fields.js";

/** A lock in force: everything open of its principal or resource has ended, and nothing new begins until it is lifted. */
export const lockView = z.object({
  lock: lockId,
  on: z.enum(["principal", "resource"]),
  /** With `on: principal`. */
  principal: personView.optional(),
  /** With `on: resource`. */
  resource: name.optional(),
  reason: z.string(),
  /** Who locked it, and can be asked. */
  setBy: z.string(),
  setAt: instant,
});
export type LockView = z.infer<typeof lockView>;

/** Whom or what an order means. A principal's `name` may be their subject; with `subject` it is that, exactly, seen before or not. */
const meant = {
  on: z.enum(["principal", "resource"]),
  name: line(255),
  subject: z.boolean().optional(),
};

/** `POST /v1/locks`, for admins. */
export const lockOrder = z.strictObject({ ...meant, reason: line(500) });
export type LockOrder = z.infer<typeof lockOrder>;

/** What the lock ended at once. */
export const lockReply = lockView.extend({
  ended: z.object({
    requests: z.int().nonnegative(),
    leases: z.int().nonnegative(),
    /** Of these, those whose revocation is not proven yet; the broker goes on with them. */
    unproven: z.int().nonnegative(),
  }),
});
export type LockReply = z.infer<typeof lockReply>;

/** `POST /v1/locks/lift`, for admins. */
export const unlockOrder = z.strictObject({ ...meant, reason: line(500).optional() });
export type UnlockOrder = z.infer<typeof unlockOrder>;

/** `GET /v1/locks`: those in force, newest first; for who is no admin or auditor those on resources they may ask for. */
export const lockList = z.object({ locks: z.array(lockView) });
export type LockList = z.infer<typeof lockList>;
