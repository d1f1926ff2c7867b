import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { Secret } from "@phi/shared/secret";
import type { Clock } from "../ports/clock.js";
import type { Destination } from "../ports/destination.js";
import { judgeAnswer } from "./answer.js";
import type { GuardedPost } from "./guarded-post.js";
import type { LineFormat, LinesOf } from "./lines.js";
import { webhookHeaders } from "./standard-webhook.js";

/** One event is one signed call (Standard Webhooks 1.0), and the next one waits until it was taken. The event's id is the webhook's: the same in each try. */
export function createWebhook({
  name,
  url,
  secrets,
  guarded,
  clock,
  format,
  linesOf,
}: {
  readonly name: string;
  readonly url: string;
  readonly secrets: readonly Secret[];
  readonly guarded: GuardedPost;
  readonly clock: Clock;
  readonly format: LineFormat;
  readonly linesOf: LinesOf;
}): Destination {
  return {
    name,
    kind: "webhook",
    async deliver(events, signal) {
      const lines = await linesOf(events);
      for (const [accepted, event] of events.entries()) {
        if (signal.aborted) return { accepted, failure: { class: "unavailable", message: "no answer in time" } };
        const line = lines[accepted] ?? "{}";
        const body = format === "cloudevents" ? line : webhookBody(event, line);
        const headers = {
          ...webhookHeaders(event.event, body, clock.now(), secrets),
          // CloudEvents HTTP binding 1.0 §3.2, structured mode.
          ...(format === "cloudevents" ? { "content-type": "application/cloudevents+json" } : {}),
        };
        const stop = judgeAnswer(await guarded.post({ url, headers, body }, signal), accepted);
        if (stop !== undefined) return stop;
      }
      return { accepted: events.length };
    },
    async close() {
      guarded.close();
    },
  };
}

/** `type`, `timestamp` and `data`, as Standard Webhooks recommends ("Payload structure"). `line`: the data as JSON. */
function webhookBody({ kind, at }: AuditEvent, line: string): string {
  return `{"type":${JSON.stringify(kind)},"timestamp":${JSON.stringify(at)},"data":${line}}`;
}
