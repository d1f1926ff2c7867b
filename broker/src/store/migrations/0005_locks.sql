CREATE TABLE `locks` (
	`id` text PRIMARY KEY NOT NULL,
	`principal_issuer` text,
	`principal_subject` text,
	`principal_name` text,
	`resource` text,
	`reason` text NOT NULL,
	`set_by` text NOT NULL,
	`set_at` integer NOT NULL,
	`lifted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `locks_on_principal` ON `locks` (`principal_issuer`,`principal_subject`) WHERE "locks"."lifted_at" is null and "locks"."principal_subject" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `locks_on_resource` ON `locks` (`resource`) WHERE "locks"."lifted_at" is null and "locks"."resource" is not null;--> statement-breakpoint
CREATE INDEX `sign_ins_by_subject` ON `sign_ins` (`principal_subject`);--> statement-breakpoint
CREATE INDEX `sign_ins_by_name` ON `sign_ins` (`principal_name`);