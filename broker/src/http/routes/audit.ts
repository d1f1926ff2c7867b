import { auditPage, auditQuery } from "@phi/shared/contract/audit-event";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";

/** Looking back. */
export const auditRoutes = (broker: Broker) => [
  callerRoute({
    method: "get",
    path: "/v1/audit",
    summary: "Audit events, oldest first",
    query: auditQuery,
    status: 200,
    reply: auditPage,
    handle: async (caller, { query }) => {
      const { events, next } = await broker.queryAudit(caller, query);
      return { events, ...(next === undefined ? {} : { next }) };
    },
  }),
];
