import { whyQuery, whyReply } from "@phi/shared/contract/why";
import { toRfc3339 } from "@phi/shared/time";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";

/** What policy would say, and why. */
export const whyRoutes = (broker: Broker) => [
  callerRoute({
    method: "get",
    path: "/v1/why",
    summary: "What a request would be answered now, why, and what would change it",
    query: whyQuery,
    status: 200,
    reply: whyReply,
    handle: async (caller, { query }) => {
      const { explanation, who, ask, at, policyHash, rulesForOthers } = await broker.explainDecision(caller, query);
      const { decision, rule, summary, rules, changes } = explanation;
      return {
        decision,
        summary,
        ...(rule === undefined ? {} : { policy: rule }),
        who: { subject: who.subject, name: who.name, groups: [...who.groups] },
        resource: ask.resource,
        role: ask.role,
        duration: ask.duration,
        at: toRfc3339(at),
        policyHash,
        rules: rules.map((one) => ({ ...one, says: [...one.says] })),
        rulesForOthers,
        changes: [...changes],
      };
    },
  }),
];
