import * as z from "zod";
import { auditOutcome } from "./audit-outcome.js";
import { eventId, instant, leaseId, line, personView, requestId, sessionId } from "./fields.js";

/** Every kind of audit event, `noun.past_verb`, with what it records. */
export const auditKinds = {
  "broker.started": "the broker began to serve",
  "broker.stopped": "the broker stopped on purpose",
  "ledger.backed_up": "an operator wrote a copy of the ledger",
  "ledger.outdated":
    "a target has seen a newer ledger than this one; phi issues nothing there and touches nothing it does not know",
  "ledger.adopted": "an operator took this ledger as the true one for a target",
  "log.key_rotated": "an operator gave the audit log a new key; the old one signed this event",
  "log.adopted":
    "an operator began the signed log anew where the ledger stood, because it did not extend what was signed",
  "log.erased": "an operator erased what people had typed into events; their leaves stay as they were",
  "log.exported": "somebody took a copy of events out of the log",
  "clock.stepped": "the broker's clock and the passing of time disagreed by more than a minute",
  "policy.reloaded": "changed policies were taken over; from and to are their hashes",
  "policy.reload_failed": "changed policies were not taken over; the present ones stay",
  "lock.set":
    "a principal or a resource was locked: everything open of it ended in the same instant, and nothing new begins",
  "lock.lifted": "a lock was lifted; what it ended stays ended",
  "sign_in.created": "a principal signed in",
  "sign_in.refused": "an ID token was not accepted",
  "sign_in.ended": "a principal signed out",
  "request.created": "a principal asked for a role on a resource",
  "request.refused": "policy refused a request at once",
  "request.approved": "the request has all the approvals it needs",
  "request.denied": "an approver said no",
  "request.withdrawn": "the requester took a pending request back",
  "request.lapsed": "nobody answered in time, or nobody used it in time",
  "request.started": "first use: the window began",
  "request.extended": "the window of a request became longer; the extension that did it is named",
  "request.ended": "the window is over: expired, ended by its holder, or revoked",
  "approval.given": "one approver said yes and more are needed",
  "approval.refused": "somebody tried to decide who may not",
  "offer.made": "an approver offers less than what was asked for",
  "offer.accepted": "the requester took what was offered; the request is the smaller one now",
  "delegation.created": "somebody handed their approvals over to a colleague, for a span",
  "delegation.ended": "a delegation is over: expired, or ended early",
  "request.emergency":
    "a principal took access without an approval, because it is an emergency; somebody else must review it",
  "review.given": "somebody reviewed an emergency: ok, or flagged",
  "review.refused": "somebody tried to review who may not",
  "review.overdue": "nobody has reviewed an emergency in time",
  "lease.planned": "the credential is on record; nothing exists on the target yet",
  "lease.issued": "the credential was made and handed over",
  "lease.issue_failed": "the target did not make the credential; it is revoked as if it had",
  "lease.extended": "the target took the new end of a window for the credential",
  "lease.extension_failed":
    "the target did not take the new end of a window; it is tried again, and until then lets nobody in after the old one",
  "lease.revoking": "revocation began",
  "lease.revocation_failed": "a revocation did not succeed and will be tried again",
  "lease.overdue": "the credential should be dead and is not proven dead",
  "lease.revoked": "proven: the credential cannot be used and no connection is left",
  "lease.abandoned": "an operator stopped the attempts to revoke",
  "lease.found": "a credential of this broker's was on a target and not on record; it is revoked",
  "lease.lost": "somebody else took the credential from its target; it is revoked as if it were there",
  "lease.refused": "a principal asked for a credential and got none",
  "session.started": "a command began under a lease",
  "session.ended": "the command is over",
  "session.recorded": "pieces of a session's recording are kept; their hashes, chained, are part of this event",
  "session.recording_failed": "a session was to be recorded and is not, or not to its end",
  "session.recording_removed": "a recording was older than recordings are kept; its pieces are gone",
  "session.replayed": "somebody looked at a recording",
  "session.watched": "somebody looked at a session while it ran",
  "request.expiring": "the window ends in five minutes; who wants to be told is told",
  "request.reminded": "nobody had answered after a time; who may answer is told again",
  "request.escalated": "nobody had answered after a longer time; others are told too",
  "delivery.put_aside": "a destination refused an event again and again; those behind it go on",
  "delivery.skipped": "an operator passed by an event that a destination does not take",
} as const;
export type AuditKind = keyof typeof auditKinds;
export const auditKind = z.enum(Object.keys(auditKinds) as [AuditKind, ...AuditKind[]]);

/** One event. `actor` is absent for what the broker did by itself. */
export const auditEvent = z.object({
  seq: z.int().positive(),
  event: eventId,
  at: instant,
  kind: auditKind,
  actor: personView.optional(),
  resource: z.string().optional(),
  request: requestId.optional(),
  lease: leaseId.optional(),
  session: sessionId.optional(),
  /** Facts of the kind; never a secret. A text that was erased is `{"sha256": …}`. */
  data: z.record(z.string(), z.unknown()),
  /** By field of `data`: the salt of a text that people typed, needed to make the event's leaf from it (`shared/src/audit/leaf.ts`). */
  salts: z.record(z.string(), z.string().max(64)).optional(),
  /** The event's leaf in the log's tree: SHA-256, hex. Absent for the moment before it is made. */
  leaf: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
export type AuditEvent = z.infer<typeof auditEvent>;

/** Which events are meant, joined by "and". */
export const auditFilter = z.strictObject({
  since: instant.optional(),
  /** Exclusive. */
  until: instant.optional(),
  /** Name or subject of the actor. */
  actor: z.string().min(1).max(255).optional(),
  resource: z.string().min(1).max(64).optional(),
  request: requestId.optional(),
  /** A kind, or its noun: `lease` is every `lease.*`. */
  kind: z
    .string()
    .regex(/^[a-z_]+(\.[a-z_]+)?$/)
    .max(64)
    .optional(),
  /** How it came out: `audit-outcome`. */
  outcome: auditOutcome.optional(),
  /** Part of a text in the event: a reason, a command, a name; letters A to Z in any case. */
  text: line(200).optional(),
});
export type AuditFilter = z.infer<typeof auditFilter>;

/** `GET /v1/audit`: one page of the events that the caller may see, in the order of the log (`seq`) or against it. */
export const auditQuery = auditFilter.extend({
  order: z.enum(["oldest", "newest"]).default("oldest"),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
  /** Oldest first: only events after this `seq`. Give the `next` of the page before to read on. */
  after: z.coerce.number().int().nonnegative().optional(),
  /** Newest first: only events before this `seq`, as `after`. */
  before: z.coerce.number().int().positive().optional(),
});
export type AuditQuery = z.infer<typeof auditQuery>;

/**
 * `next` is there when there may be more: a page ends at its limit, or earlier when its events are long. `head` is the highest number
 * of the log as it was read; to follow from there misses nothing.
 */
export const auditPage = z.object({
  events: z.array(auditEvent),
  next: z.int().positive().optional(),
  head: z.int().nonnegative(),
});
export type AuditPage = z.infer<typeof auditPage>;

/** `GET /v1/audit/events`: what is there after `after` and then what happens, as server-sent events whose id is the `seq`. */
export const auditFollow = auditFilter.extend({ after: z.coerce.number().int().nonnegative().optional() });
export type AuditFollow = z.infer<typeof auditFollow>;

export const exportFormat = z.enum(["jsonl", "csv", "ocsf", "cloudevents"]);
export type ExportFormat = z.infer<typeof exportFormat>;

/**
 * `GET /v1/audit/export`: every event that fits and that the caller may see, in the order of the log, as a stream of lines. `jsonl`: the event
 * as `GET /v1/audit` gives it. An answer that ends early ends with a broken connection, never as if it were whole.
 */
export const auditExport = auditFilter.extend({ format: exportFormat.default("jsonl") });
export type AuditExport = z.infer<typeof auditExport>;
