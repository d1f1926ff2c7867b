import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { person } from "./columns.js";

const requester = person("requester");

interface PersonColumn {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly groups: string[];
}

interface OfferColumn {
  readonly by: PersonColumn;
  /** In whose place it was made. */
  readonly standIn?: { readonly delegation: string; readonly principal: PersonColumn } | undefined;
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
      enum: ["pending", "approved", "active", "denied", "withdrawn", "lapsed", "ended", "extended"],
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
    /** Whose window it makes longer; with the beginning and the end of that window when it was asked for. */
    extends: text("extends"),
    extendsStarted: integer("extends_started"),
    extendsFrom: integer("extends_from"),
    createdAt: integer("created_at").notNull(),
    pendingUntil: integer("pending_until").notNull(),
    approvedAt: integer("approved_at"),
    claimUntil: integer("claim_until"),
    startedAt: integer("started_at"),
    expiresAt: integer("expires_at"),
    endedAt: integer("ended_at"),
    endedBecause: text("ended_because", { enum: ["expired", "ended_by_holder", "revoked", "used_once", "idle"] }),
    endComment: text("end_comment"),
    dueAt: integer("due_at"),
    idempotencyKey: text("idempotency_key"),
    /** SHA-256 (hex) of the order that came with the key: the key stands for that order and no other. */
    orderHash: text("order_hash"),
    /** Seconds without anything done on the target after which it ends; empty: never. */
    idleTimeout: integer("idle_timeout"),
    /** The newest activity known or presumed, and the last look at the target that was answered; empty until the first. */
    activeAt: integer("active_at"),
    lookedAt: integer("looked_at"),
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
    index("requests_extending").on(table.extends, table.state).where(sql`${table.extends} is not null`),
    index("requests_due").on(table.dueAt).where(sql`${table.dueAt} is not null`),
    index("requests_by_requester").on(table.requesterSubject, table.createdAt),
    index("requests_by_time").on(table.createdAt),
    index("requests_by_state").on(table.state, table.createdAt),
    index("requests_watched").on(table.id).where(sql`${table.idleTimeout} is not null and ${table.state} = 'active'`),
    uniqueIndex("requests_by_key")
      .on(table.requesterIssuer, table.requesterSubject, table.idempotencyKey)
      .where(sql`${table.idempotencyKey} is not null`),
  ],
);
