CREATE TABLE `calendar_copies` (
	`name` text PRIMARY KEY NOT NULL,
	`source` text NOT NULL,
	`content` text NOT NULL,
	`read_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `requests` ADD `order_hash` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `idle_timeout` integer;--> statement-breakpoint
ALTER TABLE `requests` ADD `active_at` integer;--> statement-breakpoint
ALTER TABLE `requests` ADD `looked_at` integer;--> statement-breakpoint
CREATE INDEX `requests_watched` ON `requests` (`id`) WHERE "requests"."idle_timeout" is not null and "requests"."state" = 'active';--> statement-breakpoint
ALTER TABLE `sign_ins` ADD `principal_email` text;