ALTER TABLE `requests` ADD `emergency` text;--> statement-breakpoint
ALTER TABLE `requests` ADD `review_due_at` integer;--> statement-breakpoint
ALTER TABLE `requests` ADD `review` text;--> statement-breakpoint
CREATE INDEX `requests_review_due` ON `requests` (`review_due_at`) WHERE "requests"."review_due_at" is not null;--> statement-breakpoint
CREATE INDEX `requests_to_review` ON `requests` (`created_at`) WHERE "requests"."emergency" is not null and "requests"."review" is null;