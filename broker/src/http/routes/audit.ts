import { auditPage, auditQuery } from "@phi/shared/contract/audit-event";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";

/** Looking back. */
export const auditRoutes = (broker: Broker) => [
  callerRoute({
    method: "get",
    path: "/v1/audit",
    summary: "Audit events, in the order of the log or against it",
    query: auditQuery,
    status: 200,
    reply: auditPage,
    handle: async (caller, { query }) => {
      const { next, ...page } = await broker.queryAudit(caller, query);
      return { ...page, ...(next === undefined ? {} : { next }) };
    },
  }),
];
