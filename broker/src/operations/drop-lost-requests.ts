import { newId } from "@phi/shared/ids";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Change } from "../ports/change.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { RevokeLeases } from "./revoke-leases.js";

interface Needs {
  readonly ledger: Ledger;
  readonly catalogue: Pick<Catalogue, "policy">;
  readonly clock: Clock;
  readonly revokeLeases: RevokeLeases;
}

/** A principal has few open requests; more than this are not looked at. */
const MOST = 200;

export type DropLostRequests = (principal: Principal) => Promise<void>;

/**
 * A person signed in anew: what they had asked for as a member of groups that they are not in any more ends. Pending requests are withdrawn,
 * approved and active ones end with all their leases. What a changed policy no longer gives is not judged here, only what the
 * groups of then would still get and the groups of now do not.
 */
export function createDropLostRequests({ ledger, catalogue, clock, revokeLeases }: Needs): DropLostRequests {
  return async (principal) => {
    const now = clock.now();
    const policy = catalogue.policy();
    const open = await ledger.requests({
      requester: principal,
      states: ["pending", "approved", "active"],
      limit: MOST,
    });
    const holds = (request: Request, groups: readonly string[]) =>
      policy.stillHolds({ ...principal, groups }, request, now).holds;
    const lost = open.filter(
      (request) => holds(request, request.requester.groups) && !holds(request, principal.groups),
    );
    for (const request of lost) {
      const groups = request.requester.groups.filter((group) => !principal.groups.includes(group));
      if ((await ledger.commit(drop(request, groups, now))) === "lost_race") continue;
      // Nobody waits: the person is signing in, and a target that hangs is the loop's to go on with.
      void revokeLeases.ofRequest(request.id).catch(() => undefined);
    }
  };
}

function drop(request: Request, groups: readonly string[], at: number): Change {
  const endComment = `${request.requester.name} is not in ${groups.join(", ")} any more`;
  const about = { id: newId("event"), at, resource: request.resource, requestId: request.id } as const;
  const data = { because: "group_lost", groups };
  const advance = { do: "advance_request", id: request.id, from: request.state, dueAt: null } as const;
  if (request.state === "pending") {
    return {
      guard: { ...advance, to: "withdrawn", set: { endedAt: at, endComment } },
      events: [{ ...about, kind: "request.withdrawn", data }],
    };
  }
  return {
    guard: { ...advance, to: "ended", set: { endedAt: at, endedBecause: "revoked", endComment } },
    follow: [{ do: "revoke_leases_of", requestId: request.id, because: "revoked", since: at, at }],
    events: [{ ...about, kind: "request.ended", data }],
  };
}
