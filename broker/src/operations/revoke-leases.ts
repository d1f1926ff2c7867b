import type { RequestId } from "@phi/shared/ids";
import { type Claimed, takeOver } from "../domain/lease-moves.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { RevocationLanes } from "./revocation-lanes.js";

export interface RevokeLeases {
  /** One attempt for claimed leases, each in its target's lane. Resolves with the ids that are proven revoked; never rejects for the target's sake. */
  claimed(leases: readonly Claimed[]): Promise<Set<string>>;
  /** Claims and tries every lease of the request that is in revocation; waits for the one attempt. */
  ofRequest(request: RequestId): Promise<void>;
}

interface Needs {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly lanes: RevocationLanes;
}

/** Revocation begun by people, not by the loop. What the lane cannot try at once stays in the ledger, and the loop takes it. */
export function createRevokeLeases({ ledger, clock, lanes }: Needs): RevokeLeases {
  return {
    claimed: lanes.submit,
    async ofRequest(request) {
      const mine: Claimed[] = [];
      for (const lease of await ledger.leasesOf([request])) {
        if (lease.state !== "revoking") continue;
        const room = lanes.room(lease.resource);
        if (room.may === "wait" || room.most === 0) continue;
        const take = takeOver(lease, clock.now());
        if ((await ledger.shift(take)) === "moved") mine.push(take.claimed);
      }
      await lanes.submit(mine);
    },
  };
}
