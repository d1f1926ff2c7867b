import type { RoleOffer } from "@phi/shared/contract/resource";
import type { Instant } from "@phi/shared/time";
import { couldBeApproved } from "../domain/policy/approvable.js";
import type { Policy } from "../domain/policy/policy.js";
import { approvalsNeeded, everyApprover } from "../domain/policy/rule.js";
import type { Principal } from "../domain/principal.js";
import type { Resource } from "../domain/resource.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";

/** A resource with the roles that one principal may ask for. */
export interface Offer {
  readonly resource: Resource;
  readonly revocation: "immediate" | "on_expiry";
  readonly roles: readonly RoleOffer[];
}

/** What the principal may ask for. A resource without any role for them is not listed, and so not learnt of. */
export function createListResources({ catalogue, clock }: { readonly catalogue: Catalogue; readonly clock: Clock }) {
  return function listResources(principal: Principal): Offer[] {
    const policy = catalogue.policy();
    const now = clock.now();
    const offers: Offer[] = [];
    for (const resource of catalogue.resources) {
      const roles = [...resource.roles.keys()].flatMap((role) => {
        const offered = offer(policy, principal, resource.name, role, now);
        return offered === undefined ? [] : [offered];
      });
      const provider = catalogue.provider(resource.kind);
      if (roles.length > 0 && provider !== undefined) offers.push({ resource, revocation: provider.revocation, roles });
    }
    return offers;
  };
}

/**
 * Who approves is what holds at best: for a short request, now, with a reason and a ticket as wanted. What is denied, or out of its hours, is
 * listed all the same, so that whoever asks for it is told why not.
 */
function offer(
  policy: Policy,
  principal: Principal,
  resource: string,
  role: string,
  now: Instant,
): RoleOffer | undefined {
  const rules = policy.rulesFor(principal, resource, role, now);
  const usable = rules.filter(({ rule, isOpen }) => isOpen && couldBeApproved(rule.approval?.stages ?? [], principal));
  const [first, ...others] = usable.length === 0 ? rules : usable;
  if (first === undefined) return undefined;
  const easiest = others.reduce(
    (best, { rule }) => (approvalsNeeded(rule) < approvalsNeeded(best) ? rule : best),
    first.rule,
  );
  return {
    role,
    maxDuration: Math.max(...rules.map(({ rule }) => rule.maxDuration)),
    approvers: everyApprover(easiest.approval?.stages ?? []),
    approvalsNeeded: approvalsNeeded(easiest),
    reasonRequired: rules.every(({ rule }) => rule.reason === "required"),
  };
}
