import { CLAIM_FOR, type Claimed } from "../domain/lease-moves.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";

/** So often, in ms, that one renewal may fail and the next one still comes in time. */
const RENEW_EVERY = CLAIM_FOR / 3;

/**
 * Does the work with the claims on its leases renewed for as long as it takes: nobody takes over from a worker that lives, and what a
 * dead one had is free after {@link CLAIM_FOR}. A claim that was lost all the same is not taken back; its epoch fences its worker.
 */
export async function keepingClaims<Value>(
  { ledger, clock }: { readonly ledger: Pick<Ledger, "renewClaims">; readonly clock: Clock },
  leases: readonly Claimed[],
  work: () => Promise<Value>,
): Promise<Value> {
  const renewal = setInterval(() => {
    // A store that cannot write cannot take over either.
    void ledger.renewClaims(leases, clock.now() + CLAIM_FOR).catch(() => undefined);
  }, RENEW_EVERY);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
  }
}
