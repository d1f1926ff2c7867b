CREATE TABLE `addresses` (
	`issuer` text NOT NULL,
	`subject` text NOT NULL,
	`email` text NOT NULL,
	`groups` text NOT NULL,
	`seen_at` integer NOT NULL,
	PRIMARY KEY(`issuer`, `subject`)
);
--> statement-breakpoint
CREATE TABLE `reminders` (
	`request_id` text NOT NULL,
	`kind` text NOT NULL,
	`event` text NOT NULL,
	PRIMARY KEY(`request_id`, `kind`),
	FOREIGN KEY (`request_id`) REFERENCES `requests`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `reminders_by_event` ON `reminders` (`event`);