CREATE TABLE `log_checkpoints` (
	`size` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`origin` text NOT NULL,
	`root` blob NOT NULL,
	`signatures` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `log_head` (
	`id` integer PRIMARY KEY NOT NULL,
	`origin` text NOT NULL,
	`key` text NOT NULL,
	`size` integer NOT NULL,
	`root` blob NOT NULL,
	`subtrees` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `log_nodes` (
	`tier` integer NOT NULL,
	`idx` integer NOT NULL,
	`hash` blob NOT NULL,
	PRIMARY KEY(`tier`, `idx`)
);
--> statement-breakpoint
ALTER TABLE `audit_events` ADD `texts` text;--> statement-breakpoint
ALTER TABLE `audit_events` ADD `salts` text;--> statement-breakpoint
ALTER TABLE `audit_events` ADD `leaf` blob;