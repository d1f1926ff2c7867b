import { report, reportQuery } from "@phi/shared/contract/report";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";

/** Access reviews. */
export const reportRoutes = (broker: Broker) => [
  callerRoute({
    method: "get",
    path: "/v1/report",
    summary: "Who had what, for how long, who said yes and how fast",
    query: reportQuery,
    status: 200,
    reply: report,
    handle: (caller, { query }) => broker.reportAccess(caller, query),
  }),
];
