import {
  consistencyQuery,
  consistencyReply,
  inclusionQuery,
  inclusionReply,
  logView,
  rotationList,
} from "@phi/shared/contract/log";
import { PhiError } from "@phi/shared/errors";
import type { EventId } from "@phi/shared/ids";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";

/** What proves that nobody changed the audit log. */
export const logRoutes = (broker: Broker) => [
  callerRoute({
    method: "get",
    path: "/v1/log",
    summary: "The audit log's key and its newest signed checkpoint",
    status: 200,
    reply: logView,
    async handle() {
      const [key, checkpoint] = [broker.tree.key(), await broker.tree.newestCheckpoint()];
      if (key === undefined || checkpoint === undefined)
        throw new PhiError("wrong_state", "The audit log is not signed.", { hint: "phi-broker status" });
      return { key, checkpoint };
    },
  }),
  callerRoute({
    method: "get",
    path: "/v1/log/consistency",
    summary: "That an older log begins a newer one",
    query: consistencyQuery,
    status: 200,
    reply: consistencyReply,
    handle: (_, { query }) => broker.proveConsistency(query),
  }),
  callerRoute({
    method: "get",
    path: "/v1/log/inclusion",
    summary: "That an event is in the log",
    query: inclusionQuery,
    status: 200,
    reply: inclusionReply,
    handle: (caller, { query }) => broker.proveEvent(caller, query.event as EventId),
  }),
  callerRoute({
    method: "get",
    path: "/v1/log/rotations",
    summary: "Every change of the log's key",
    status: 200,
    reply: rotationList,
    handle: async () => ({ rotations: await broker.listRotations() }),
  }),
];
