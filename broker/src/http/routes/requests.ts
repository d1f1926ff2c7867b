import {
  acceptOrder,
  approvalOrder,
  endOrder,
  extensionOrder,
  offerOrder,
  requestList,
  requestOrder,
  requestQuery,
  requestView as requestViewSchema,
} from "@phi/shared/contract/request";
import { reviewOrder } from "@phi/shared/contract/review";
import type { Closing } from "../../operations/close-request.js";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";
import { requestView } from "../views.js";

/** Asking, looking, answering, closing. */
export const requestRoutes = (broker: Broker) => [
  callerRoute({
    method: "post",
    path: "/v1/requests",
    summary: "Ask for a role on a resource",
    body: requestOrder,
    status: 201,
    reply: requestViewSchema,
    handle: async (caller, { body, idempotencyKey }) => {
      const ask = body.emergency === true ? broker.askInEmergency : broker.createRequest;
      const request = await ask(caller, body, idempotencyKey);
      return requestView(await broker.dossiers.open(caller, request.id));
    },
  }),
  callerRoute({
    method: "get",
    path: "/v1/requests",
    summary: "Requests, newest first: the caller's, those that wait for them, or all",
    query: requestQuery,
    status: 200,
    reply: requestList,
    handle: async (caller, { query }) => {
      const { dossiers, next } = await broker.listRequests(caller, query);
      return { requests: dossiers.map(requestView), ...(next === undefined ? {} : { next }) };
    },
  }),
  callerRoute({
    method: "get",
    path: "/v1/requests/:id",
    summary: "One request",
    status: 200,
    reply: requestViewSchema,
    handle: async (caller, { param }) => requestView(await broker.dossiers.open(caller, param("id"))),
  }),
  callerRoute({
    method: "post",
    path: "/v1/requests/:id/extensions",
    summary: "Ask for more time in an open window, as a request of its own",
    body: extensionOrder,
    status: 201,
    reply: requestViewSchema,
    handle: async (caller, { param, body, idempotencyKey }) => {
      const request = await broker.extendRequest(caller, param("id"), body, idempotencyKey);
      return requestView(await broker.dossiers.open(caller, request.id));
    },
  }),
  callerRoute({
    method: "post",
    path: "/v1/requests/:id/approvals",
    summary: "Approve or deny",
    body: approvalOrder,
    status: 200,
    reply: requestViewSchema,
    handle: async (caller, { param, body }) => requestView(await broker.decideRequest(caller, param("id"), body)),
  }),
  callerRoute({
    method: "post",
    path: "/v1/requests/:id/offers",
    summary: "Approve for less: the requester accepts it or not",
    body: offerOrder,
    status: 200,
    reply: requestViewSchema,
    handle: async (caller, { param, body }) => requestView(await broker.makeOffer(caller, param("id"), body)),
  }),
  callerRoute({
    method: "post",
    path: "/v1/requests/:id/accept",
    summary: "Take what an approver offers",
    body: acceptOrder,
    status: 200,
    reply: requestViewSchema,
    handle: async (caller, { param, body }) => requestView(await broker.acceptOffer(caller, param("id"), body)),
  }),
  callerRoute({
    method: "post",
    path: "/v1/requests/:id/review",
    summary: "Review an emergency that is over",
    body: reviewOrder,
    status: 200,
    reply: requestViewSchema,
    handle: async (caller, { param, body }) => requestView(await broker.reviewEmergency(caller, param("id"), body)),
  }),
  ...(["withdraw", "end", "revoke"] as const).map((closing: Closing) =>
    callerRoute({
      method: "post",
      path: `/v1/requests/:id/${closing}`,
      summary: { withdraw: "Take a pending request back", end: "Give access back", revoke: "Take access away" }[
        closing
      ],
      body: endOrder,
      status: 200,
      reply: requestViewSchema,
      handle: async (caller, { param, body }) =>
        requestView(await broker.closeRequest(caller, param("id"), closing, body)),
    }),
  ),
];
