import type { LeaseId, RequestId } from "@phi/shared/ids";
import type { Lease } from "../domain/lease.js";
import { type Claimed, takeOver } from "../domain/lease-moves.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { RevocationLanes } from "./revocation-lanes.js";

export interface RevokeLeases {
  /** One attempt for claimed leases, each in its target's lane. Resolves with the ids that are proven revoked; never rejects for the target's sake. */
  claimed(leases: readonly Claimed[]): Promise<Set<string>>;
  /** Claims and tries every lease of the request that is in revocation; waits for the one attempt. */
  ofRequest(request: RequestId): Promise<void>;
  /** As {@link RevokeLeases.ofRequest} for these leases; resolves as {@link RevokeLeases.claimed}. */
  named(leases: readonly LeaseId[]): Promise<Set<string>>;
}

interface Needs {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly lanes: RevocationLanes;
}

/** Revocation begun by people, not by the loop. What the lane cannot try at once stays in the ledger, and the loop takes it. */
export function createRevokeLeases({ ledger, clock, lanes }: Needs): RevokeLeases {
  async function these(leases: readonly (Lease | undefined)[]): Promise<Set<string>> {
    const taken = await Promise.all(leases.map(take));
    return lanes.submit(taken.filter((lease) => lease !== undefined));
  }

  async function take(lease: Lease | undefined): Promise<Claimed | undefined> {
    if (lease?.state !== "revoking") return undefined;
    const room = lanes.room(lease.resource);
    if (room.may === "wait" || room.most === 0) return undefined;
    const taken = takeOver(lease, clock.now());
    return (await ledger.shift(taken)) === "moved" ? taken.claimed : undefined;
  }

  return {
    claimed: lanes.submit,
    async ofRequest(request) {
      await these(await ledger.leasesOf([request]));
    },
    async named(ids) {
      return these(await Promise.all(ids.map((id) => ledger.lease(id))));
    },
  };
}
