import type { LeaseOrder } from "@phi/shared/contract/lease";
import { PhiError } from "@phi/shared/errors";
import { toRfc3339 } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import { samePrincipal } from "../domain/principal.js";
import { isUsable, type Request } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Dossiers } from "./dossier.js";

/** A request under which credentials can be made. */
export type Usable = Extract<Request, { state: "approved" | "active" }>;

export type FindUsableRequest = (caller: Caller, order: Pick<LeaseOrder, "request" | "resource">) => Promise<Usable>;

interface Needs {
  readonly ledger: Ledger;
  readonly dossiers: Dossiers;
  readonly clock: Clock;
}

/** A principal has few live requests; more than this are not looked at. */
const MOST = 200;

/**
 * The one request that is meant: named by id, or the only usable one (on the named resource, if any).
 *
 * @throws PhiError `no_usable_request`, `several_usable_requests`, `window_over`, `not_found`
 */
export function createFindUsableRequest({ ledger, dossiers, clock }: Needs): FindUsableRequest {
  return async (caller, order) => {
    if (order.request !== undefined) {
      const { request, rights } = await dossiers.openRequest(caller, order.request);
      if (rights.use && isUsableNow(request)) return request;
      throw whyNotUsable(request, samePrincipal(request.requester, caller.principal));
    }
    const live = await ledger.requests({
      requester: caller.principal,
      states: ["active", "approved", "pending"],
      limit: MOST,
    });
    const meant = live.filter((request) => order.resource === undefined || request.resource === order.resource);
    const usable = meant.filter(isUsableNow);
    const [only, another] = usable;
    if (only !== undefined && another === undefined) return only;
    if (only === undefined)
      throw nothingUsable(
        order.resource,
        meant.filter((request) => request.state === "pending"),
      );
    throw new PhiError(
      "several_usable_requests",
      `You have ${usable.length} usable requests${order.resource === undefined ? "" : ` on ${order.resource}`}.`,
      {
        hint: `Say which: ${usable
          .slice(0, 3)
          .map((one) => `--request ${one.id}`)
          .join("  or  ")}`,
        data: {
          requests: usable.map((one) => ({
            request: one.id,
            resource: one.resource,
            role: one.role,
            reason: one.reason,
            expiresAt: one.state === "active" ? toRfc3339(one.expiresAt) : undefined,
          })),
        },
      },
    );
  };

  function isUsableNow(request: Request): request is Usable {
    return (request.state === "approved" || request.state === "active") && isUsable(request, clock.now());
  }
}

function nothingUsable(resource: string | undefined, pending: readonly Request[]): PhiError {
  const [first] = pending;
  const where = resource === undefined ? "" : ` on ${resource}`;
  const data = { pending: pending.map((one) => ({ request: one.id, resource: one.resource, role: one.role })) };
  if (first !== undefined) {
    return new PhiError("no_usable_request", `Your request ${first.id}${where} is still waiting for an answer.`, {
      hint: `phi show ${first.id} --wait`,
      data,
    });
  }
  return new PhiError("no_usable_request", `You have no approved request${where} to work under.`, {
    hint: `phi request ${resource ?? "RESOURCE"} --for 30m --reason "why"`,
    data,
  });
}

function whyNotUsable(request: Request, own: boolean): PhiError {
  const again = { hint: `Ask again: phi request ${request.resource} --role ${request.role}` };
  if (!own && request.state !== "ended" && request.state !== "lapsed") {
    return new PhiError("not_permitted", `${request.id} is ${request.requester.name}'s; only they work under it.`);
  }
  switch (request.state) {
    case "extended":
      return new PhiError("no_usable_request", `${request.id} is more time for ${request.extends?.of}.`, {
        hint: `Work under that: --request ${request.extends?.of}`,
      });
    case "pending":
      return nothingUsable(request.resource, [request]);
    case "approved":
    case "active":
    case "ended":
      return windowOver(request);
    case "lapsed":
    case "denied":
    case "withdrawn":
      return new PhiError("no_usable_request", `${request.id} is ${request.state}.`, again);
  }
}

/** Its end, or its revocation, came first. */
export function windowOver(request: Request): PhiError {
  return new PhiError("window_over", `The window of ${request.id} is over.`, {
    hint: `Ask again: phi request ${request.resource} --role ${request.role}`,
  });
}
