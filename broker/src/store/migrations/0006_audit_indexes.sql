DROP INDEX `audit_events_by_actor`;--> statement-breakpoint
DROP INDEX `audit_events_by_resource`;--> statement-breakpoint
DROP INDEX `audit_events_by_kind`;--> statement-breakpoint
CREATE INDEX `audit_events_by_actor_name` ON `audit_events` (`actor_name`);--> statement-breakpoint
CREATE INDEX `audit_events_by_actor_subject` ON `audit_events` (`actor_subject`);--> statement-breakpoint
CREATE INDEX `audit_events_on_resource` ON `audit_events` (`resource`);--> statement-breakpoint
CREATE INDEX `audit_events_of_kind` ON `audit_events` (`kind`);