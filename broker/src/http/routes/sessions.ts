import { chunkOrder, chunkReply, recordingFailure } from "@phi/shared/contract/recording";
import { recordingPage, recordingQuery, sessionList, sessionQuery } from "@phi/shared/contract/session";
import { PhiError } from "@phi/shared/errors";
import * as z from "zod";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";
import * as views from "../session-views.js";

/** A piece in base64, with its frame. */
const PIECE_LIMIT = 384 * 1024;

/** What was done under leases: recorded by the CLI, listed and replayed. */
export const sessionRoutes = (broker: Broker) => [
  callerRoute({
    method: "get",
    path: "/v1/sessions",
    summary: "Sessions, newest first: one's own, those one may approve, all for auditors and admins",
    query: sessionQuery,
    status: 200,
    reply: sessionList,
    handle: async (caller, { query }) => {
      const { sessions, next } = await broker.listSessions(caller, query);
      return { sessions: sessions.map(views.sessionView), ...(next === undefined ? {} : { next }) };
    },
  }),
  callerRoute({
    method: "post",
    path: "/v1/sessions/:id/recording/chunks/:n",
    summary: "The next piece of a session's recording; sent twice it counts once",
    body: chunkOrder,
    bodyLimit: PIECE_LIMIT,
    status: 200,
    reply: chunkReply,
    handle: (caller, { param, body }) =>
      broker.recordSession.append(caller, param("id"), {
        n: readNumber(param("n")),
        data: Buffer.from(body.data, "base64"),
        isLast: body.last === true,
      }),
  }),
  callerRoute({
    method: "post",
    path: "/v1/sessions/:id/recording/failure",
    summary: "The CLI cannot go on recording",
    body: recordingFailure,
    status: 200,
    reply: z.object({}),
    handle: async (caller, { param, body }) => {
      await broker.recordSession.fail(caller, param("id"), body);
      return {};
    },
  }),
  callerRoute({
    method: "get",
    path: "/v1/sessions/:id/recording",
    summary: "The pieces of a session's recording, in order; looking at them is on record",
    query: recordingQuery,
    status: 200,
    reply: recordingPage,
    handle: async (caller, { param, query }) =>
      views.recordingPage(await broker.readRecording.replay(caller, param("id"), query.from ?? 0)),
  }),
];

function readNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new PhiError("invalid_input", "The number of a piece is a whole number from 0.");
  return Number(text);
}
