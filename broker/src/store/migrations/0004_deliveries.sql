CREATE TABLE `dead_letters` (
	`destination` text NOT NULL,
	`seq` integer NOT NULL,
	`at` integer NOT NULL,
	`attempts` integer NOT NULL,
	`error` text NOT NULL,
	`again` integer DEFAULT false NOT NULL,
	PRIMARY KEY(`destination`, `seq`)
);
--> statement-breakpoint
CREATE INDEX `dead_letters_again` ON `dead_letters` (`destination`,`seq`) WHERE "dead_letters"."again" = 1;--> statement-breakpoint
CREATE TABLE `deliveries` (
	`destination` text PRIMARY KEY NOT NULL,
	`position` integer NOT NULL,
	`epoch` integer DEFAULT 0 NOT NULL,
	`holder` text,
	`claimed_until` integer DEFAULT 0 NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`refusals` integer DEFAULT 0 NOT NULL,
	`next_attempt` integer DEFAULT 0 NOT NULL,
	`failing_since` integer,
	`last_error` text
);
