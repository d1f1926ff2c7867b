import { auditFollow } from "@phi/shared/contract/audit-event";
import { PhiError } from "@phi/shared/errors";
import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { Broker } from "./app.js";
import { inputError, toProblem } from "./problem.js";
import { readQuery } from "./route.js";

/** How often the log is looked at, in ms: a look at one number while nothing happens, and it hears of every broker's events. */
const LOOK_EVERY = 300;
/** A comment line this often, in ms, so that nothing on the way takes the stream for dead. */
const COMMENT_EVERY = 15_000;
/** Streams open at once: few people watch the whole log. */
const MOST_STREAMS = 100;
const AT_ONCE = 500;

/**
 * `GET /v1/audit/events`: server-sent events (WHATWG HTML §9.2), each one audit event with its `seq` as id. The log has no gaps, so
 * whoever comes back with the last id as `after` gets each event once. What the caller may see is judged anew at each look.
 */
export function mountAuditEvents(app: Hono, broker: Broker): void {
  let open = 0;
  app.get("/v1/audit/events", async (context) => {
    const authorization = context.req.header("authorization");
    const caller = await broker.authenticate(authorization);
    const asked = auditFollow.safeParse(readQuery(context));
    if (!asked.success) throw inputError(asked.error);
    const { after, ...filter } = asked.data;
    if (open >= MOST_STREAMS)
      throw new PhiError("too_many_requests", "Too many follow the audit log at once.", {
        hint: "Ask for it without --follow.",
      });
    open += 1;
    return streamSSE(context, async (stream) => {
      let quietSince = broker.clock.now();
      try {
        let position = after ?? (await broker.queryAudit(caller, { order: "newest", limit: 1 })).head;
        await stream.write(": \n\n");
        while (!stream.aborted && broker.clock.now() < caller.signInExpiresAt) {
          const page = await broker.readAuditOn(await broker.authenticate(authorization), filter, position, AT_ONCE);
          for (const event of page.events)
            await stream.writeSSE({ event: "audit", id: String(event.seq), data: JSON.stringify(event) });
          position = page.position;
          if (page.events.length > 0) quietSince = broker.clock.now();
          if (page.more) continue;
          if (broker.clock.now() - quietSince >= COMMENT_EVERY) {
            await stream.write(": \n\n");
            quietSince = broker.clock.now();
          }
          await stream.sleep(LOOK_EVERY);
        }
      } catch (error) {
        // Signed out meanwhile: the stream ends, and whoever asks again is told why. A defect goes to the log.
        if (!(error instanceof PhiError)) toProblem(error, broker.log);
      } finally {
        open -= 1;
      }
    });
  });
}
