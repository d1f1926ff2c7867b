import { canonicalJson } from "@phi/shared/audit/canonical-json";
import { sql } from "drizzle-orm";
import { blob, customType, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

/**
 * The tables of the ledger. Instants are integer milliseconds; `due_at` is the one instant at which the broker must act on
 * a row by itself, empty once nothing is left to do. No column ever holds an issued secret.
 */

const person = (prefix: string) => ({
  issuer: text(`${prefix}_issuer`).notNull(),
  subject: text(`${prefix}_subject`).notNull(),
  name: text(`${prefix}_name`).notNull(),
});
const principal = person("principal");
const requester = person("requester");
const approver = person("approver");
const giver = person("from");
const taker = person("to");

/** A record as canonical JSON (RFC 8785), so that SQL can put the text of a leaf together. */
const canonicalRecord = customType<{ data: Record<string, unknown>; driverData: string }>({
  dataType: () => "text",
  toDriver: (value) => canonicalJson(value),
  fromDriver: (text) => JSON.parse(text) as Record<string, unknown>,
});
/** 32 bytes. */
const hash = (name: string) => blob(name, { mode: "buffer" });

/** One row, made at the first start: who this ledger is. */
export const ledgers = sqliteTable("ledgers", {
  id: integer("id").primaryKey(),
  /** Six characters that mark this broker's credentials on every target. */
  brokerTag: text("broker_tag").notNull(),
  createdAt: integer("created_at").notNull(),
});

export const signIns = sqliteTable(
  "sign_ins",
  {
    id: text("id").primaryKey(),
    /** SHA-256 of the token, hex. The token itself is nowhere. */
    tokenHash: text("token_hash").notNull(),
    principalIssuer: principal.issuer,
    principalSubject: principal.subject,
    principalName: principal.name,
    principalGroups: text("principal_groups", { mode: "json" }).$type<string[]>().notNull(),
    host: text("host"),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    endedAt: integer("ended_at"),
  },
  (table) => [
    uniqueIndex("sign_ins_by_token").on(table.tokenHash),
    index("sign_ins_by_subject").on(table.principalSubject),
    index("sign_ins_by_name").on(table.principalName),
  ],
);

/** ID tokens that were exchanged, until they expire by themselves: each is good for one sign-in. */
export const usedIdTokens = sqliteTable("used_id_tokens", {
  hash: text("hash").primaryKey(),
  expiresAt: integer("expires_at").notNull(),
});

interface OfferColumn {
  readonly by: { readonly issuer: string; readonly subject: string; readonly name: string; readonly groups: string[] };
  readonly role: string;
  readonly duration: number;
  readonly reason?: string | undefined;
  readonly at: number;
}

interface ReviewColumn {
  readonly by: { readonly issuer: string; readonly subject: string; readonly name: string };
  readonly verdict: "ok" | "flag";
  readonly reason: string;
  readonly at: number;
}

export const requests = sqliteTable(
  "requests",
  {
    id: text("id").primaryKey(),
    requesterIssuer: requester.issuer,
    requesterSubject: requester.subject,
    requesterName: requester.name,
    requesterGroups: text("requester_groups", { mode: "json" }).$type<string[]>().notNull(),
    resource: text("resource").notNull(),
    role: text("role").notNull(),
    duration: integer("duration").notNull(),
    reason: text("reason"),
    ticket: text("ticket"),
    state: text("state", {
      enum: ["pending", "approved", "active", "denied", "withdrawn", "lapsed", "ended"],
    }).notNull(),
    policy: text("policy").notNull(),
    policyHash: text("policy_hash"),
    /** Everybody whom a stage names: what approvers are looked up by. */
    approvers: text("approvers", { mode: "json" }).$type<string[]>().notNull(),
    approvalsNeeded: integer("approvals_needed").notNull(),
    /** Empty in what was asked before there were stages: one stage of `approvers` and `approvals_needed`. */
    stages: text("stages", { mode: "json" }).$type<{ from: string[]; count: number }[]>(),
    revision: integer("revision").notNull().default(0),
    /** What an approver offers instead, while it is pending. */
    offer: text("offer", { mode: "json" }).$type<OfferColumn>(),
    claimWithin: integer("claim_within").notNull(),
    starts: text("starts", { enum: ["first_use", "approval"] }).notNull(),
    once: integer("once", { mode: "boolean" }).notNull().default(false),
    createdAt: integer("created_at").notNull(),
    pendingUntil: integer("pending_until").notNull(),
    approvedAt: integer("approved_at"),
    claimUntil: integer("claim_until"),
    startedAt: integer("started_at"),
    expiresAt: integer("expires_at"),
    endedAt: integer("ended_at"),
    endedBecause: text("ended_because", { enum: ["expired", "ended_by_holder", "revoked", "used_once"] }),
    endComment: text("end_comment"),
    dueAt: integer("due_at"),
    idempotencyKey: text("idempotency_key"),
    emergency: text("emergency", { mode: "json" }).$type<{ reviewers: string[]; notify: string[]; reviewBy: number }>(),
    /** The instant at which a missing review is overdue; empty once it is there, or was said to be. */
    reviewDueAt: integer("review_due_at"),
    review: text("review", { mode: "json" }).$type<ReviewColumn>(),
  },
  (table) => [
    index("requests_review_due").on(table.reviewDueAt).where(sql`${table.reviewDueAt} is not null`),
    index("requests_to_review")
      .on(table.createdAt)
      .where(sql`${table.emergency} is not null and ${table.review} is null`),
    index("requests_due").on(table.dueAt).where(sql`${table.dueAt} is not null`),
    index("requests_by_requester").on(table.requesterSubject, table.createdAt),
    index("requests_by_time").on(table.createdAt),
    index("requests_by_state").on(table.state, table.createdAt),
    uniqueIndex("requests_by_key")
      .on(table.requesterIssuer, table.requesterSubject, table.idempotencyKey)
      .where(sql`${table.idempotencyKey} is not null`),
  ],
);

/** Append-only. The key makes one person count once. */
export const approvals = sqliteTable(
  "approvals",
  {
    requestId: text("request_id")
      .notNull()
      .references(() => requests.id),
    approverIssuer: approver.issuer,
    approverSubject: approver.subject,
    approverName: approver.name,
    onBehalfIssuer: text("on_behalf_issuer"),
    onBehalfSubject: text("on_behalf_subject"),
    onBehalfName: text("on_behalf_name"),
    delegation: text("delegation"),
    verdict: text("verdict", { enum: ["approve", "deny"] }).notNull(),
    /** Hash of the request as the approver was shown it. */
    requestHash: text("request_hash"),
    reason: text("reason"),
    at: integer("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.requestId, table.approverIssuer, table.approverSubject] }),
    // … and the one in whose place it was given once.
    uniqueIndex("approvals_on_behalf")
      .on(table.requestId, table.onBehalfIssuer, table.onBehalfSubject)
      .where(sql`${table.onBehalfSubject} is not null`),
  ],
);

/** Approvals in another one's hands. */
export const delegations = sqliteTable(
  "delegations",
  {
    id: text("id").primaryKey(),
    fromIssuer: giver.issuer,
    fromSubject: giver.subject,
    fromName: giver.name,
    toIssuer: taker.issuer,
    toSubject: taker.subject,
    toName: taker.name,
    /** Empty: on every resource. */
    resource: text("resource"),
    reason: text("reason").notNull(),
    createdAt: integer("created_at").notNull(),
    until: integer("until").notNull(),
    endedAt: integer("ended_at"),
  },
  (table) => [
    index("delegations_to").on(table.toSubject).where(sql`${table.endedAt} is null`),
    index("delegations_from").on(table.fromSubject).where(sql`${table.endedAt} is null`),
    index("delegations_until").on(table.until).where(sql`${table.endedAt} is null`),
  ],
);

export const leases = sqliteTable(
  "leases",
  {
    id: text("id").primaryKey(),
    /** Empty, as the session is, for what a sweep found on a target. */
    requestId: text("request_id").references(() => requests.id),
    sessionId: text("session_id"),
    resource: text("resource").notNull(),
    kind: text("kind").notNull(),
    use: text("use", { enum: ["command", "window"] }).notNull(),
    handle: text("handle", { mode: "json" }).notNull(),
    handleText: text("handle_text").notNull(),
    state: text("state", { enum: ["issuing", "active", "revoking", "revoked", "abandoned"] }).notNull(),
    epoch: integer("epoch").notNull(),
    createdAt: integer("created_at").notNull(),
    createBy: integer("create_by").notNull(),
    /** When the target acknowledged the create: from then on no late one can come. */
    createdOnTarget: integer("created_on_target"),
    expiresAt: integer("expires_at").notNull(),
    aliveUntil: integer("alive_until"),
    because: text("because"),
    revokingSince: integer("revoking_since"),
    attempts: integer("attempts").notNull().default(0),
    lastError: text("last_error"),
    overdueSince: integer("overdue_since"),
    revokedAt: integer("revoked_at"),
    dueAt: integer("due_at"),
    idempotencyKey: text("idempotency_key"),
  },
  (table) => [
    index("leases_due").on(table.dueAt).where(sql`${table.dueAt} is not null`),
    index("leases_by_request").on(table.requestId),
    index("leases_by_handle").on(table.resource, table.handleText),
    index("leases_live").on(table.resource, table.state, table.dueAt).where(sql`${table.dueAt} is not null`),
    index("leases_late").on(table.overdueSince, table.revokingSince).where(sql`${table.state} = 'revoking'`),
    index("leases_abandoned").on(table.resource).where(sql`${table.state} = 'abandoned'`),
    uniqueIndex("leases_by_key")
      .on(table.requestId, table.idempotencyKey)
      .where(sql`${table.idempotencyKey} is not null`),
  ],
);

export const sessions = sqliteTable(
  "sessions",
  {
    id: text("id").primaryKey(),
    leaseId: text("lease_id")
      .notNull()
      .references(() => leases.id),
    requestId: text("request_id")
      .notNull()
      .references(() => requests.id),
    command: text("command", { mode: "json" }).$type<string[]>().notNull(),
    host: text("host").notNull(),
    startedAt: integer("started_at").notNull(),
    endedAt: integer("ended_at"),
    exitCode: integer("exit_code"),
    signal: text("signal"),
    endedBecause: text("ended_because"),
    /** What was to be recorded of it; empty for nothing. */
    recording: text("recording", { enum: ["terminal", "required"] }),
  },
  (table) => [
    index("sessions_by_lease").on(table.leaseId),
    index("sessions_by_time").on(table.startedAt, table.id),
    index("sessions_by_request").on(table.requestId),
    index("sessions_to_record")
      .on(table.startedAt)
      .where(sql`${table.endedAt} is null and ${table.recording} = 'required'`),
    index("sessions_open").on(table.leaseId).where(sql`${table.endedAt} is null`),
  ],
);

/** There from the first piece on. What the pieces hold is hashed into the audit log: see `operations/recording-chain.ts`. */
export const recordings = sqliteTable(
  "recordings",
  {
    sessionId: text("session_id")
      .primaryKey()
      .references(() => sessions.id),
    state: text("state", { enum: ["running", "complete", "cut", "failed", "unfinished", "removed"] }).notNull(),
    chunks: integer("chunks").notNull(),
    bytes: integer("bytes").notNull(),
    /** Hash over all pieces so far, hex. */
    chain: text("chain").notNull(),
    /** So many pieces are covered by events of the audit log, the last of which was written at `logged_at`. */
    logged: integer("logged").notNull(),
    loggedAt: integer("logged_at").notNull(),
    startedAt: integer("started_at").notNull(),
    lastAt: integer("last_at").notNull(),
    removedAt: integer("removed_at"),
  },
  (table) => [
    index("recordings_running").on(table.lastAt).where(sql`${table.state} = 'running'`),
    index("recordings_kept").on(table.startedAt).where(sql`${table.removedAt} is null`),
  ],
);

export const recordingChunks = sqliteTable(
  "recording_chunks",
  {
    sessionId: text("session_id")
      .notNull()
      .references(() => recordings.sessionId),
    n: integer("n").notNull(),
    at: integer("at").notNull(),
    /** SHA-256 of `data`, hex. */
    hash: text("hash").notNull(),
    data: blob("data", { mode: "buffer" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.sessionId, table.n] })],
);

/** Locks, in force and lifted. At most one is in force on a principal or a resource. */
export const locks = sqliteTable(
  "locks",
  {
    id: text("id").primaryKey(),
    /** Either these three … */
    principalIssuer: text("principal_issuer"),
    principalSubject: text("principal_subject"),
    principalName: text("principal_name"),
    /** … or this. */
    resource: text("resource"),
    reason: text("reason").notNull(),
    setBy: text("set_by").notNull(),
    setAt: integer("set_at").notNull(),
    liftedAt: integer("lifted_at"),
  },
  (table) => [
    uniqueIndex("locks_on_principal")
      .on(table.principalIssuer, table.principalSubject)
      .where(sql`${table.liftedAt} is null and ${table.principalSubject} is not null`),
    uniqueIndex("locks_on_resource")
      .on(table.resource)
      .where(sql`${table.liftedAt} is null and ${table.resource} is not null`),
  ],
);

/** The audit log: append-only and gapless (the rowid grows by one with each insert, and nothing is ever deleted). */
export const auditEvents = sqliteTable(
  "audit_events",
  {
    seq: integer("seq").primaryKey(),
    id: text("id").notNull(),
    at: integer("at").notNull(),
    kind: text("kind").notNull(),
    actorIssuer: text("actor_issuer"),
    actorSubject: text("actor_subject"),
    actorName: text("actor_name"),
    resource: text("resource"),
    requestId: text("request_id"),
    leaseId: text("lease_id"),
    sessionId: text("session_id"),
    /** As in the leaf: a free text is there only as `{"sha256": …}`. */
    data: canonicalRecord("data").notNull(),
    /** By field of `data`, what people typed, and the salt of each. Both are emptied when the texts are erased. */
    texts: canonicalRecord("texts"),
    salts: canonicalRecord("salts"),
    /** The leaf's hash; empty until it is made, for events that SQL wrote. */
    leaf: hash("leaf"),
  },
  (table) => [
    uniqueIndex("audit_events_by_id").on(table.id),
    index("audit_events_by_time").on(table.at),
    index("audit_events_by_request").on(table.requestId),
    // Each ends with the rowid, as every index does: one span of the log is one range in it.
    index("audit_events_by_actor_name").on(table.actorName),
    index("audit_events_by_actor_subject").on(table.actorSubject),
    index("audit_events_on_resource").on(table.resource),
    index("audit_events_of_kind").on(table.kind),
  ],
);

/** One row: how far the tree over the audit log has been built and signed. Moved by compare-and-set on its size and root. */
export const logHead = sqliteTable("log_head", {
  id: integer("id").primaryKey(),
  /** Name of the log in this epoch: the origin of its checkpoints. */
  origin: text("origin").notNull(),
  /** The key of the newest checkpoint, as people pass it on. */
  key: text("key").notNull(),
  size: integer("size").notNull(),
  root: hash("root").notNull(),
  /** Roots of the complete subtrees, largest first, after each other. */
  subtrees: blob("subtrees", { mode: "buffer" }).notNull(),
});

/** Every checkpoint there was, so that what was changed can be narrowed down to what one group wrote. */
export const logCheckpoints = sqliteTable("log_checkpoints", {
  size: integer("size").primaryKey(),
  at: integer("at").notNull(),
  origin: text("origin").notNull(),
  root: hash("root").notNull(),
  /** The note's signature lines. */
  signatures: text("signatures").notNull(),
});

/** Roots of complete subtrees of 256, 256², … leaves (tier 1, 2, …), so that a proof reads a few hundred hashes of a log of any length. */
export const logNodes = sqliteTable(
  "log_nodes",
  {
    tier: integer("tier").notNull(),
    index: integer("idx").notNull(),
    hash: hash("hash").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tier, table.index] })],
);

/** How far each destination has been given the audit log. */
export const deliveries = sqliteTable("deliveries", {
  destination: text("destination").primaryKey(),
  position: integer("position").notNull(),
  epoch: integer("epoch").notNull().default(0),
  holder: text("holder"),
  claimedUntil: integer("claimed_until").notNull().default(0),
  attempts: integer("attempts").notNull().default(0),
  refusals: integer("refusals").notNull().default(0),
  nextAttempt: integer("next_attempt").notNull().default(0),
  failingSince: integer("failing_since"),
  lastError: text("last_error"),
});

/** Events that a destination refused or an operator passed by; the events themselves are in the log. */
export const deadLetters = sqliteTable(
  "dead_letters",
  {
    destination: text("destination").notNull(),
    seq: integer("seq").notNull(),
    at: integer("at").notNull(),
    attempts: integer("attempts").notNull(),
    error: text("error").notNull(),
    again: integer("again", { mode: "boolean" }).notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.destination, table.seq] }),
    index("dead_letters_again").on(table.destination, table.seq).where(sql`${table.again} = 1`),
  ],
);

/** E-mail addresses from the ID tokens of sign-ins, for telling people; kept only where the broker sends e-mail. */
export const addresses = sqliteTable(
  "addresses",
  {
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    email: text("email").notNull(),
    groups: text("groups", { mode: "json" }).$type<string[]>().notNull(),
    seenAt: integer("seen_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.issuer, table.subject] })],
);

/** What was recorded of a request because time had passed, each kind once. */
export const reminders = sqliteTable(
  "reminders",
  {
    requestId: text("request_id")
      .notNull()
      .references(() => requests.id),
    kind: text("kind").notNull(),
    event: text("event").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.requestId, table.kind] }),
    uniqueIndex("reminders_by_event").on(table.event),
  ],
);
