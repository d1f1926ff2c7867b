/** What operators measure. Counting never fails and never waits. */
export interface Measures {
  /** One attempt to revoke one lease came to this; `lateMs` is how long after it ceased to be wanted a revocation was proven. */
  revocation(outcome: "revoked" | "failed" | "drop_again", lateMs?: number): void;
  /** A change of the ledger was durable after so many ms, waiting for its turn included. */
  committed(tookMs: number): void;
}
