import type { RoleOffer } from "@phi/shared/contract/resource";
import { decide, type PolicyRule, rulesFor } from "../domain/policy.js";
import type { Principal } from "../domain/principal.js";
import type { Resource } from "../domain/resource.js";
import type { Catalogue } from "../ports/catalogue.js";

/** A resource with the roles that one principal may ask for. */
export interface Offer {
  readonly resource: Resource;
  readonly revocation: "immediate" | "on_expiry";
  readonly roles: readonly RoleOffer[];
}

/** What the principal may ask for. A resource without any role for them is not listed, and so not learnt of. */
export function createListResources({ catalogue }: { readonly catalogue: Catalogue }) {
  return function listResources(principal: Principal): Offer[] {
    const offers: Offer[] = [];
    for (const resource of catalogue.resources) {
      const rules = rulesFor(catalogue.rules, principal, resource.name);
      const roles = [...resource.roles.keys()].flatMap((role) => {
        const own = rules.filter((rule) => rule.roles.includes(role));
        return own.length === 0 ? [] : [offer(catalogue.rules, principal, resource.name, role, own)];
      });
      const provider = catalogue.provider(resource.kind);
      if (roles.length > 0 && provider !== undefined) offers.push({ resource, revocation: provider.revocation, roles });
    }
    return offers;
  };
}

/** Who approves is what holds for a short request; a longer one may fall under a later rule, which decides then. */
function offer(
  rules: readonly PolicyRule[],
  principal: Principal,
  resource: string,
  role: string,
  own: readonly PolicyRule[],
): RoleOffer {
  const decision = decide(rules, principal, { resource, role, duration: 1, reason: "-" });
  const approval = decision.decision === "needs_approval" ? decision : { from: [], count: 0 };
  return {
    role,
    maxDuration: Math.max(...own.map((rule) => rule.maxDuration)),
    approvers: [...approval.from],
    approvalsNeeded: approval.count,
    reasonRequired: own.some((rule) => rule.reason === "required"),
  };
}
