ALTER TABLE `leases` ADD `target_expires_at` integer;--> statement-breakpoint
CREATE INDEX `leases_lagging` ON `leases` (`resource`) WHERE "leases"."target_expires_at" is not null;--> statement-breakpoint
ALTER TABLE `requests` ADD `extends` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `extends_started` integer;--> statement-breakpoint
ALTER TABLE `requests` ADD `extends_from` integer;--> statement-breakpoint
CREATE INDEX `requests_extending` ON `requests` (`extends`,`state`) WHERE "requests"."extends" is not null;