import { resourceList } from "@phi/shared/contract/resource";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";

/** What the caller may ask for. */
export const resourceRoutes = (broker: Broker) => [
  callerRoute({
    method: "get",
    path: "/v1/resources",
    summary: "The resources and roles that the caller may ask for",
    status: 200,
    reply: resourceList,
    handle: async (caller) => ({
      resources: broker.listResources(caller.principal).map(({ resource, revocation, roles }) => ({
        resource: resource.name,
        kind: resource.kind,
        ...(resource.description === undefined ? {} : { description: resource.description }),
        revocation,
        roles: [...roles],
      })),
    }),
  }),
];
