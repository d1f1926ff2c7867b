ALTER TABLE `approvals` ADD `request_hash` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `policy_hash` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `stages` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `revision` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `requests` ADD `offer` text;