CREATE TABLE `delegations` (
	`id` text PRIMARY KEY NOT NULL,
	`from_issuer` text NOT NULL,
	`from_subject` text NOT NULL,
	`from_name` text NOT NULL,
	`to_issuer` text NOT NULL,
	`to_subject` text NOT NULL,
	`to_name` text NOT NULL,
	`resource` text,
	`reason` text NOT NULL,
	`created_at` integer NOT NULL,
	`until` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE INDEX `delegations_to` ON `delegations` (`to_subject`) WHERE "delegations"."ended_at" is null;--> statement-breakpoint
CREATE INDEX `delegations_from` ON `delegations` (`from_subject`) WHERE "delegations"."ended_at" is null;--> statement-breakpoint
CREATE INDEX `delegations_until` ON `delegations` (`until`) WHERE "delegations"."ended_at" is null;--> statement-breakpoint
ALTER TABLE `approvals` ADD `on_behalf_issuer` text;--> statement-breakpoint
ALTER TABLE `approvals` ADD `on_behalf_subject` text;--> statement-breakpoint
ALTER TABLE `approvals` ADD `on_behalf_name` text;--> statement-breakpoint
ALTER TABLE `approvals` ADD `delegation` text;--> statement-breakpoint
CREATE UNIQUE INDEX `approvals_on_behalf` ON `approvals` (`request_id`,`on_behalf_issuer`,`on_behalf_subject`) WHERE "approvals"."on_behalf_subject" is not null;