import { PhiError } from "@phi/shared/errors";
import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { isFinal } from "../domain/request.js";
import type { Broker } from "./app.js";
import { toProblem } from "./problem.js";
import { requestView } from "./views.js";

/** A comment line this often, in ms, so that nothing on the way takes the stream for dead. */
const COMMENT_EVERY = 15_000;
/** Streams open at once; a broker of this size has fewer people waiting. */
const MOST_STREAMS = 2_000;

/**
 * `GET /v1/requests/:id/events`: server-sent events (WHATWG HTML §9.2). Subscribes first and reads then, so that no change falls
 * between; each event is the request as the caller may see it at that moment, authorised anew.
 */
export function mountRequestEvents(app: Hono, broker: Broker): void {
  let open = 0;
  app.get("/v1/requests/:id/events", async (context) => {
    const authorization = context.req.header("authorization");
    const caller = await broker.authenticate(authorization);
    const { request } = await broker.dossiers.open(caller, context.req.param("id"));
    if (open >= MOST_STREAMS)
      throw new PhiError("too_many_requests", "Too many are waiting at once.", { hint: "Ask again without --wait." });
    open += 1;
    return streamSSE(context, async (stream) => {
      let changed = true;
      let said = "";
      let wake = () => {};
      const hear = () => {
        changed = true;
        wake();
      };
      // An extension lapses with the end of the window that it extends.
      const heard = [request.id, ...(request.extends === undefined ? [] : [request.extends.of])];
      const subscriptions = heard.map((id) => broker.changes.subscribe(id, hear));
      stream.onAbort(() => wake());
      try {
        while (!stream.aborted && broker.clock.now() < caller.signInExpiresAt) {
          if (changed) {
            changed = false;
            const current = await broker.authenticate(authorization);
            const dossier = await broker.dossiers.open(current, request.id);
            const data = JSON.stringify(requestView(dossier));
            // Told twice of one change (by this broker, and by the log that all brokers share), it says it once.
            if (data !== said) await stream.writeSSE({ event: "request", data });
            said = data;
            if (isFinal(dossier.request.state)) return;
          }
          const quiet = await new Promise<boolean>((resolve) => {
            const timer = setTimeout(() => resolve(true), COMMENT_EVERY);
            wake = () => {
              clearTimeout(timer);
              resolve(false);
            };
            if (changed || stream.aborted) wake();
          });
          if (quiet && !stream.aborted) await stream.write(": \n\n");
        }
      } catch (error) {
        // Signed out, or no longer theirs to see: the stream ends, and whoever asks again is told why. A defect goes to the log
        // (hono would send its text to the client).
        if (!(error instanceof PhiError)) toProblem(error, broker.log);
      } finally {
        for (const unsubscribe of subscriptions) unsubscribe();
        open -= 1;
      }
    });
  });
}
