import { instant, leaseId, personView, requestId } from "@phi/shared/contract/fields";
import { lockList, lockOrder, lockReply, lockView, unlockOrder } from "@phi/shared/contract/lock";
import * as z from "zod";

/** What operators' commands and the broker say to each other over the admin socket. */

const operator = z.string().min(1).max(100);
const counted = z.object({ count: z.int(), handles: z.array(z.string()) });

/** A lease as operators see it. */
export const leaseLine = z.object({
  lease: leaseId,
  resource: z.string(),
  handle: z.string(),
  state: z.enum(["issuing", "active", "revoking", "revoked", "abandoned"]),
  request: requestId.optional(),
  because: z.string().optional(),
  expiresAt: instant,
  since: instant.optional(),
  overdueSince: instant.optional(),
  nextAttempt: instant.optional(),
  attempts: z.int(),
  lastError: z.string().optional(),
});
export type LeaseLine = z.infer<typeof leaseLine>;

/** How far one destination of the audit log has come. */
export const deliveryLine = z.object({
  destination: z.string(),
  /** Absent when it is no longer configured. */
  kind: z.string().optional(),
  position: z.int(),
  waiting: z.int(),
  waitingSince: instant.optional(),
  behind: z.boolean(),
  failingSince: instant.optional(),
  attempts: z.int(),
  nextAttempt: instant.optional(),
  lastError: z.string().optional(),
  deadLetters: z.int(),
});
export type DeliveryLine = z.infer<typeof deliveryLine>;

export const statusReply = z.object({
  ready: z.boolean(),
  version: z.string(),
  at: instant,
  overdue: z.object({ count: z.int(), leases: z.array(leaseLine) }),
  /** Targets that still have the end from before an extension, and let nobody new in after it. */
  lagging: z.object({
    count: z.int(),
    leases: z.array(
      z.object({
        lease: leaseId,
        resource: z.string(),
        handle: z.string(),
        targetEndsAt: instant,
        expiresAt: instant,
        /** The target was told, and did not take it. */
        because: z.string().optional(),
      }),
    ),
  }),
  leases: z.record(z.string(), z.int()),
  targets: z.array(
    z.object({
      resource: z.string(),
      configured: z.boolean(),
      breaker: z.enum(["closed", "open", "half_open"]),
      openSince: instant.optional(),
      probeAt: instant.optional(),
      live: z.int(),
      due: z.int(),
      lastAnswer: instant.optional(),
      lastSweep: instant.optional(),
      /** Why nothing is issued there: the target has seen a newer ledger. */
      outdated: z.string().optional(),
    }),
  ),
  calendars: z.array(
    z.object({
      calendar: z.string(),
      where: z.string(),
      isGood: z.boolean(),
      readAt: instant.optional(),
      goodUntil: instant.optional(),
      onCall: z.array(z.string()),
      failure: z.string().optional(),
      /** Words that name nobody phi can be sure of: some, and how many there are. */
      unknown: z.array(z.string()),
      unknownCount: z.int(),
    }),
  ),
  deliveries: z.array(deliveryLine),
  locks: z.array(lockView),
  unreviewed: z.object({
    count: z.int(),
    requests: z.array(
      z.object({
        request: requestId,
        requester: z.string(),
        resource: z.string(),
        reviewBy: instant,
        overdue: z.boolean(),
      }),
    ),
  }),
  ledger: z.object({ events: z.int(), bytes: z.int().optional() }),
  log: z.object({ key: z.string().optional(), signed: z.int(), conflict: z.string().optional() }),
});
export type StatusReply = z.infer<typeof statusReply>;

export const leasesOrder = z.strictObject({
  state: z.enum(["issuing", "active", "revoking", "revoked", "abandoned"]).optional(),
  limit: z.int().min(1).max(1_000).default(200),
});
export const leasesReply = z.object({ leases: z.array(leaseLine) });
export type LeasesReply = z.infer<typeof leasesReply>;

export const abandonOrder = z.strictObject({
  lease: z.string().min(1).max(64),
  reason: z.string().trim().min(1, "say why: it is put on record").max(500),
  operator,
});
export const abandonReply = z.object({
  lease: leaseId,
  resource: z.string(),
  handle: z.string(),
  lastError: z.string().optional(),
});
export type AbandonReply = z.infer<typeof abandonReply>;

export const reconcileOrder = z.strictObject({ dryRun: z.boolean(), adopt: z.boolean(), operator });
export const reconcileReply = z.object({
  targets: z.array(
    z.object({
      resource: z.string(),
      outcome: z.enum(["matches", "mended", "would_mend", "outdated", "unreachable"]),
      unknown: counted,
      lost: counted,
      abandoned: counted,
      because: z.string().optional(),
    }),
  ),
});
export type ReconcileReply = z.infer<typeof reconcileReply>;

export const backedUpOrder = z.strictObject({ file: z.string().max(4_096), bytes: z.int(), events: z.int(), operator });
export const backedUpReply = z.object({ recorded: z.literal(true) });

/** Requests as they were asked, newest first, a page at a time. */
export const pastRequestsOrder = z.strictObject({ since: instant, before: requestId.optional() });
export const pastRequest = z.object({
  request: requestId,
  /** The verified address is that of their newest sign-in. */
  requester: personView.extend({ groups: z.array(z.string()), verifiedEmail: z.string().optional() }),
  resource: z.string(),
  role: z.string(),
  duration: z.int(),
  reason: z.string().optional(),
  ticket: z.string().optional(),
  createdAt: instant,
  policy: z.string(),
  approvalsNeeded: z.int(),
  /** Taken in an emergency. */
  emergency: z.literal(true).optional(),
});
export type PastRequest = z.infer<typeof pastRequest>;
export const pastRequestsReply = z.object({ requests: z.array(pastRequest), next: requestId.optional() });
export type PastRequestsReply = z.infer<typeof pastRequestsReply>;
const destination = z.string().min(1).max(100);
export const deliveriesOrder = z.strictObject({ destination: destination.optional() });
export const deliveriesReply = z.object({
  deliveries: z.array(deliveryLine),
  deadLetters: z.array(
    z.object({
      destination: z.string(),
      seq: z.int(),
      at: instant,
      attempts: z.int(),
      error: z.string(),
      again: z.boolean(),
    }),
  ),
});
export type DeliveriesReply = z.infer<typeof deliveriesReply>;

export const deliveryRetryOrder = z.strictObject({ destination, seq: z.int().positive().optional() });
export const deliveryRetryReply = z.object({ deadLetters: z.int() });
export const deliverySkipOrder = z.strictObject({ destination, seq: z.int().positive(), operator });
export const deliverySkipReply = z.object({ skipped: z.literal(true) });
const logReason = z.string().trim().min(1, "say why: it is put on record").max(500);
export const logKeyReply = z.object({ key: z.string() });
export const logKeyRotated = z.object({ from: z.string(), to: z.string() });
export const logAdopted = z.object({ origin: z.string(), key: z.string(), size: z.int() });
export const textsErased = z.object({ events: z.int() });

export const setLockOrder = lockOrder.extend({ operator });
export const liftLockOrder = unlockOrder.extend({ operator });

export const notifyTestOrder = z.strictObject({
  channel: z.string().min(1).max(100),
  to: z
    .string()
    .max(320)
    .regex(/^[^\s<>@,;:"()[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}$/, "must be an e-mail address")
    .optional(),
  operator,
});
export const notifyTestReply = z.object({ taken: z.boolean(), because: z.string().optional() });

/** Every order with its reply. */
export const adminCalls = {
  status: { order: z.strictObject({}), reply: statusReply },
  leases: { order: leasesOrder, reply: leasesReply },
  abandon: { order: abandonOrder, reply: abandonReply },
  lock: { order: setLockOrder, reply: lockReply },
  unlock: { order: liftLockOrder, reply: lockView },
  locks: { order: z.strictObject({}), reply: lockList },
  reconcile: { order: reconcileOrder, reply: reconcileReply },
  past_requests: { order: pastRequestsOrder, reply: pastRequestsReply },
  notify_test: { order: notifyTestOrder, reply: notifyTestReply },
  deliveries: { order: deliveriesOrder, reply: deliveriesReply },
  delivery_retry: { order: deliveryRetryOrder, reply: deliveryRetryReply },
  delivery_skip: { order: deliverySkipOrder, reply: deliverySkipReply },
  log_key: { order: z.strictObject({}), reply: logKeyReply },
  rotate_log_key: { order: z.strictObject({ operator }), reply: logKeyRotated },
  adopt_log: { order: z.strictObject({ reason: logReason, operator }), reply: logAdopted },
  erase_texts: {
    order: z.strictObject({ what: z.string().min(1).max(64), reason: logReason, operator }),
    reply: textsErased,
  },
  backed_up: { order: backedUpOrder, reply: backedUpReply },
} as const;
export type AdminCall = keyof typeof adminCalls;
export type OrderOf<Call extends AdminCall> = z.input<(typeof adminCalls)[Call]["order"]>;
export type ReplyOf<Call extends AdminCall> = z.infer<(typeof adminCalls)[Call]["reply"]>;
