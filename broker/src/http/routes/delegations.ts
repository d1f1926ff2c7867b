import {
  delegationList,
  delegationOrder,
  delegationView as delegationViewSchema,
} from "@phi/shared/contract/delegation";
import { delegationView } from "../../domain/delegation.js";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";

/** Handing approvals over, looking, and taking them back. */
export const delegationRoutes = ({ delegating }: Broker) => [
  callerRoute({
    method: "get",
    path: "/v1/delegations",
    summary: "Delegations in force that the caller gave or got",
    status: 200,
    reply: delegationList,
    handle: async (caller) => ({ delegations: (await delegating.list(caller)).map(delegationView) }),
  }),
  callerRoute({
    method: "post",
    path: "/v1/delegations",
    summary: "Hand the caller's approvals over to somebody for a span",
    body: delegationOrder,
    status: 201,
    reply: delegationViewSchema,
    handle: async (caller, { body }) => delegationView(await delegating.delegate(caller, body)),
  }),
  callerRoute({
    method: "post",
    path: "/v1/delegations/:id/end",
    summary: "End a delegation early",
    status: 200,
    reply: delegationViewSchema,
    handle: async (caller, { param }) => delegationView(await delegating.end(caller, param("id"))),
  }),
];
