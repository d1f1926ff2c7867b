import { PhiError } from "@phi/shared/errors";
import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { Broker } from "./app.js";
import { toProblem } from "./problem.js";
import { recordingPiece, sessionView } from "./session-views.js";

/** Looked at least this often, in ms: what another broker took in is told by nobody. It also keeps the stream from looking dead. */
const LOOK_EVERY = 1_000;
const COMMENT_EVERY = 15_000;
/** Streams open at once; recordings are watched by few. */
const MOST_STREAMS = 200;

/**
 * `GET /v1/sessions/:id/recording/events`: server-sent events. `chunk` for each piece, those before the beginning of watching
 * first; `session` when the session is over. Authorised anew for each look; that somebody watches is on record before the first piece.
 */
export function mountRecordingEvents(app: Hono, broker: Broker): void {
  let open = 0;
  app.get("/v1/sessions/:id/recording/events", async (context) => {
    const authorization = context.req.header("authorization");
    const caller = await broker.authenticate(authorization);
    const session = await broker.readRecording.watch(caller, context.req.param("id"));
    if (open >= MOST_STREAMS) throw new PhiError("too_many_requests", "Too many sessions are being watched at once.");
    open += 1;
    return streamSSE(context, async (stream) => {
      let wake = () => {};
      let changed = true;
      const unsubscribe = broker.changes.subscribe(session.requestId, () => {
        changed = true;
        wake();
      });
      stream.onAbort(() => wake());
      let next = 0;
      let said = broker.clock.now();
      try {
        while (!stream.aborted && broker.clock.now() < caller.signInExpiresAt) {
          changed = false;
          const current = await broker.authenticate(authorization);
          const part = await broker.readRecording.follow(current, session, next);
          for (const chunk of part.chunks) {
            await stream.writeSSE({ event: "chunk", data: JSON.stringify(recordingPiece(chunk)) });
            said = broker.clock.now();
          }
          next += part.chunks.length;
          const { recorded, endedAt } = part.session;
          const isOver = endedAt !== undefined && (recorded?.state ?? "failed") !== "running";
          if (isOver && part.chunks.length === 0) {
            await stream.writeSSE({ event: "session", data: JSON.stringify(sessionView(part.session)) });
            return;
          }
          if (part.chunks.length > 0 || changed) continue;
          if (broker.clock.now() - said > COMMENT_EVERY) {
            await stream.write(": \n\n");
            said = broker.clock.now();
          }
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, LOOK_EVERY);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
            if (changed || stream.aborted) wake();
          });
        }
      } catch (error) {
        // Signed out, or no longer theirs to see: the stream ends, and whoever asks again is told why.
        if (!(error instanceof PhiError)) toProblem(error, broker.log);
      } finally {
        unsubscribe();
        open -= 1;
      }
    });
  });
}
