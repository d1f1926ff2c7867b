import { heartbeatReply, leaseEndOrder, leaseEndReply, leaseOrder, leaseReply } from "@phi/shared/contract/lease";
import { toRfc3339 } from "@phi/shared/time";
import { HEARTBEAT_EVERY } from "../../domain/lease.js";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";

/** A credential for one command: made, kept alive, ended. */
export const leaseRoutes = (broker: Broker) => [
  callerRoute({
    method: "post",
    path: "/v1/leases",
    summary: "Make a credential now; the one answer that holds a secret",
    body: leaseOrder,
    status: 201,
    reply: leaseReply,
    handle: async (caller, { body, idempotencyKey }) => {
      const { lease, request, credential, expiresAt, expiresInMs, recording } = await broker.issueLease(
        caller,
        body,
        idempotencyKey,
      );
      return {
        lease: lease.id,
        session: lease.sessionId,
        request: request.id,
        resource: request.resource,
        role: request.role,
        expiresAt: toRfc3339(expiresAt),
        expiresInMs,
        ...(request.emergency === undefined ? {} : { emergency: true as const }),
        ...(lease.use === "command" ? { heartbeatMs: HEARTBEAT_EVERY } : {}),
        ...(recording === undefined ? {} : { recording }),
        environment: { ...credential.environment.reveal() },
      };
    },
  }),
  ...(["heartbeat", "acknowledge"] as const).map((verb) =>
    callerRoute({
      method: "post",
      path: `/v1/leases/:id/${verb}`,
      summary: verb === "heartbeat" ? "The command still runs" : "The secret of a window lease has arrived",
      status: 200,
      reply: heartbeatReply,
      handle: (caller, { param }) => broker.keepLease(caller, param("id")),
    }),
  ),
  callerRoute({
    method: "post",
    path: "/v1/leases/:id/end",
    summary: "The command is over: revoke",
    body: leaseEndOrder,
    status: 200,
    reply: leaseEndReply,
    handle: (caller, { param, body }) => broker.endLease(caller, param("id"), body),
  }),
];
