import type { DelegationView } from "@phi/shared/contract/delegation";
import type { DelegationId } from "@phi/shared/ids";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import type { Principal } from "./principal.js";

type Person = Pick<Principal, "issuer" | "subject" | "name">;

/** One approver's approvals in another one's hands, for a span. */
export interface Delegation {
  readonly id: DelegationId;
  readonly from: Person;
  readonly to: Person;
  /** Absent: on every resource. */
  readonly resource: string | undefined;
  readonly reason: string;
  readonly createdAt: Instant;
  readonly until: Instant;
}

/** A delegation as it counts when its receiver answers. */
export interface StandIn {
  readonly delegation: DelegationId;
  /** Who handed over, with the groups of their newest sign-in. */
  readonly principal: Principal;
  readonly resource: string | undefined;
}

/** What an event says of an answer that was given in another's place. */
export function placeInEvent(standIn: Pick<StandIn, "delegation" | "principal"> | undefined): Record<string, unknown> {
  if (standIn === undefined) return {};
  const { issuer, subject, name } = standIn.principal;
  return { onBehalfOf: { issuer, subject, name }, delegation: standIn.delegation };
}

/** As people and programs read it. */
export function delegationView({ id, from, to, resource, reason, createdAt, until }: Delegation): DelegationView {
  return {
    delegation: id,
    from: { ...from },
    to: { ...to },
    ...(resource === undefined ? {} : { resource }),
    reason,
    createdAt: toRfc3339(createdAt),
    until: toRfc3339(until),
  };
}
