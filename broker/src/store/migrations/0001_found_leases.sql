-- libSQL's own ALTER COLUMN: no copy of the table, and sessions keep their references. The foreign key of the table stays as it was.
ALTER TABLE `leases` ALTER COLUMN `request_id` TO `request_id` text;--> statement-breakpoint
ALTER TABLE `leases` ALTER COLUMN `session_id` TO `session_id` text;--> statement-breakpoint
CREATE INDEX `leases_by_handle` ON `leases` (`resource`,`handle_text`);--> statement-breakpoint
CREATE INDEX `leases_live` ON `leases` (`resource`,`state`,`due_at`) WHERE "leases"."due_at" is not null;--> statement-breakpoint
CREATE INDEX `leases_late` ON `leases` (`overdue_since`,`revoking_since`) WHERE "leases"."state" = 'revoking';--> statement-breakpoint
CREATE INDEX `leases_abandoned` ON `leases` (`resource`) WHERE "leases"."state" = 'abandoned';
