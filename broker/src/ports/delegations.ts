import type { DelegationId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Delegation, StandIn } from "../domain/delegation.js";
import type { Principal } from "../domain/principal.js";

type Person = Pick<Principal, "issuer" | "subject">;

/** Reads delegations. They are made and ended through the ledger. */
export interface Delegations {
  /** In whose place the person may answer at `now`; a bounded number. Who is locked has no place to give. */
  standIns(person: Person, now: Instant): Promise<StandIn[]>;
  /** In force at `now`, given by the person or to them, newest first. */
  of(person: Person, now: Instant): Promise<Delegation[]>;
  one(id: DelegationId): Promise<Delegation | undefined>;
  /** Those whose span is over at `now` and which were not ended yet. */
  over(now: Instant, limit: number): Promise<Delegation[]>;
}
