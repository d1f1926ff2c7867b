import { postpone } from "../domain/lease-moves.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";
import type { Measures } from "../ports/measures.js";
import { createAttemptRevocation } from "./attempt-revocation.js";
import { createRevocationLanes, type RevocationLanes } from "./revocation-lanes.js";
import { createRevokeLeases, type RevokeLeases } from "./revoke-leases.js";

/** Everything that ends credentials, joined: one lane per target, which the loop and people's own ends share. */
export function createRevocation(needs: {
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly random: () => number;
  readonly measures: Measures;
  readonly log: Log;
  readonly stopping: AbortSignal;
}): { readonly lanes: RevocationLanes; readonly revokeLeases: RevokeLeases } {
  const { ledger } = needs;
  const lanes = createRevocationLanes({
    ...needs,
    attempt: createAttemptRevocation(needs),
    async postpone(leases, until) {
      await Promise.all(leases.map((lease) => ledger.shift(postpone(lease, until))));
    },
  });
  return { lanes, revokeLeases: createRevokeLeases({ ...needs, lanes }) };
}
