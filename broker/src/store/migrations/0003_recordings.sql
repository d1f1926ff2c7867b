CREATE TABLE `recording_chunks` (
	`session_id` text NOT NULL,
	`n` integer NOT NULL,
	`at` integer NOT NULL,
	`hash` text NOT NULL,
	`data` blob NOT NULL,
	PRIMARY KEY(`session_id`, `n`),
	FOREIGN KEY (`session_id`) REFERENCES `recordings`(`session_id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `recordings` (
	`session_id` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`chunks` integer NOT NULL,
	`bytes` integer NOT NULL,
	`chain` text NOT NULL,
	`logged` integer NOT NULL,
	`logged_at` integer NOT NULL,
	`started_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	`removed_at` integer,
	FOREIGN KEY (`session_id`) REFERENCES `sessions`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `recordings_running` ON `recordings` (`last_at`) WHERE "recordings"."state" = 'running';--> statement-breakpoint
CREATE INDEX `recordings_kept` ON `recordings` (`started_at`) WHERE "recordings"."removed_at" is null;--> statement-breakpoint
ALTER TABLE `sessions` ADD `recording` text;--> statement-breakpoint
CREATE INDEX `sessions_by_time` ON `sessions` (`started_at`,`id`);--> statement-breakpoint
CREATE INDEX `sessions_by_request` ON `sessions` (`request_id`);--> statement-breakpoint
CREATE INDEX `sessions_to_record` ON `sessions` (`started_at`) WHERE "sessions"."ended_at" is null and "sessions"."recording" = 'required';