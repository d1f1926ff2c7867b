CREATE TABLE `approvals` (
	`request_id` text NOT NULL,
	`approver_issuer` text NOT NULL,
	`approver_subject` text NOT NULL,
	`approver_name` text NOT NULL,
	`verdict` text NOT NULL,
	`reason` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`request_id`, `approver_issuer`, `approver_subject`),
	FOREIGN KEY (`request_id`) REFERENCES `requests`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `audit_events` (
	`seq` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`at` integer NOT NULL,
	`kind` text NOT NULL,
	`actor_issuer` text,
	`actor_subject` text,
	`actor_name` text,
	`resource` text,
	`request_id` text,
	`lease_id` text,
	`session_id` text,
	`data` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `audit_events_by_id` ON `audit_events` (`id`);--> statement-breakpoint
CREATE INDEX `audit_events_by_time` ON `audit_events` (`at`);--> statement-breakpoint
CREATE INDEX `audit_events_by_request` ON `audit_events` (`request_id`);--> statement-breakpoint
CREATE INDEX `audit_events_by_actor` ON `audit_events` (`actor_name`,`at`);--> statement-breakpoint
CREATE INDEX `audit_events_by_resource` ON `audit_events` (`resource`,`at`);--> statement-breakpoint
CREATE INDEX `audit_events_by_kind` ON `audit_events` (`kind`,`at`);--> statement-breakpoint
CREATE TABLE `leases` (
	`id` text PRIMARY KEY NOT NULL,
	`request_id` text NOT NULL,
	`session_id` text NOT NULL,
	`resource` text NOT NULL,
	`kind` text NOT NULL,
	`use` text NOT NULL,
	`handle` text NOT NULL,
	`handle_text` text NOT NULL,
	`state` text NOT NULL,
	`epoch` integer NOT NULL,
	`created_at` integer NOT NULL,
	`create_by` integer NOT NULL,
	`created_on_target` integer,
	`expires_at` integer NOT NULL,
	`alive_until` integer,
	`because` text,
	`revoking_since` integer,
	`attempts` integer DEFAULT 0 NOT NULL,
	`last_error` text,
	`overdue_since` integer,
	`revoked_at` integer,
	`due_at` integer,
	`idempotency_key` text,
	FOREIGN KEY (`request_id`) REFERENCES `requests`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `leases_due` ON `leases` (`due_at`) WHERE "leases"."due_at" is not null;--> statement-breakpoint
CREATE INDEX `leases_by_request` ON `leases` (`request_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `leases_by_key` ON `leases` (`request_id`,`idempotency_key`) WHERE "leases"."idempotency_key" is not null;--> statement-breakpoint
CREATE TABLE `ledgers` (
	`id` integer PRIMARY KEY NOT NULL,
	`broker_tag` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `requests` (
	`id` text PRIMARY KEY NOT NULL,
	`requester_issuer` text NOT NULL,
	`requester_subject` text NOT NULL,
	`requester_name` text NOT NULL,
	`requester_groups` text NOT NULL,
	`resource` text NOT NULL,
	`role` text NOT NULL,
	`duration` integer NOT NULL,
	`reason` text,
	`ticket` text,
	`state` text NOT NULL,
	`policy` text NOT NULL,
	`approvers` text NOT NULL,
	`approvals_needed` integer NOT NULL,
	`claim_within` integer NOT NULL,
	`starts` text NOT NULL,
	`created_at` integer NOT NULL,
	`pending_until` integer NOT NULL,
	`approved_at` integer,
	`claim_until` integer,
	`started_at` integer,
	`expires_at` integer,
	`ended_at` integer,
	`ended_because` text,
	`end_comment` text,
	`due_at` integer,
	`idempotency_key` text
);
--> statement-breakpoint
CREATE INDEX `requests_due` ON `requests` (`due_at`) WHERE "requests"."due_at" is not null;--> statement-breakpoint
CREATE INDEX `requests_by_requester` ON `requests` (`requester_subject`,`created_at`);--> statement-breakpoint
CREATE INDEX `requests_by_time` ON `requests` (`created_at`);--> statement-breakpoint
CREATE INDEX `requests_by_state` ON `requests` (`state`,`created_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `requests_by_key` ON `requests` (`requester_issuer`,`requester_subject`,`idempotency_key`) WHERE "requests"."idempotency_key" is not null;--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`lease_id` text NOT NULL,
	`request_id` text NOT NULL,
	`command` text NOT NULL,
	`host` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`exit_code` integer,
	`signal` text,
	`ended_because` text,
	FOREIGN KEY (`lease_id`) REFERENCES `leases`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`request_id`) REFERENCES `requests`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `sessions_by_lease` ON `sessions` (`lease_id`);--> statement-breakpoint
CREATE INDEX `sessions_open` ON `sessions` (`lease_id`) WHERE "sessions"."ended_at" is null;--> statement-breakpoint
CREATE TABLE `sign_ins` (
	`id` text PRIMARY KEY NOT NULL,
	`token_hash` text NOT NULL,
	`principal_issuer` text NOT NULL,
	`principal_subject` text NOT NULL,
	`principal_name` text NOT NULL,
	`principal_groups` text NOT NULL,
	`host` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sign_ins_by_token` ON `sign_ins` (`token_hash`);--> statement-breakpoint
CREATE TABLE `used_id_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`expires_at` integer NOT NULL
);
