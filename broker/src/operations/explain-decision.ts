import type { WhyQuery } from "@phi/shared/contract/why";
import { PhiError } from "@phi/shared/errors";
import { nearest } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import { lockSentence } from "../domain/lock.js";
import { type Explanation, explain, explainedAway } from "../domain/policy/explain.js";
import type { Ask } from "../domain/policy/obstacle.js";
import type { Principal } from "../domain/principal.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import { findOffer, type Meant } from "./find-offer.js";
import { createListResources } from "./list-resources.js";

interface Needs {
  readonly ledger: Pick<Ledger, "newestSignIn">;
  readonly catalogue: Catalogue;
  readonly locks: Locks;
  readonly clock: Clock;
}

export interface Explained {
  readonly explanation: Explanation;
  readonly who: Principal;
  readonly ask: Ask;
  readonly at: Instant;
  readonly policyHash: string;
  readonly rulesForOthers: number;
}

/**
 * What a request would be answered now, and why; nothing is asked and nothing is recorded. Rules for other people are told to admins and
 * auditors only, and so is what holds for others.
 *
 * @throws PhiError `not_permitted`, `resource_unknown`, `role_unknown`, `usage`, `not_found` for `as`
 */
export function createExplainDecision({ ledger, catalogue, locks, clock }: Needs) {
  const listResources = createListResources({ catalogue, clock });

  return async function explainDecision(caller: Caller, query: WhyQuery): Promise<Explained> {
    const who = await principalMeant(caller, query);
    const meant = caller.mayAudit ? findConfigured(query) : findOffer(listResources(who), query);
    const { duration, reason, ticket } = query;
    const ask: Ask = { ...meant, duration, reason, ticket };
    const at = clock.now();
    const policy = catalogue.policy();
    const { decision, weighed } = policy.weigh(who, ask, at);
    const lock = await locks.on({ principal: who, resource: ask.resource });
    const told = caller.mayAudit ? weighed : weighed.filter((one) => one.verdict !== "names_others");
    const explained = explain({ decision, weighed: told }, ask);
    return {
      explanation:
        lock === undefined ? explained : explainedAway(explained, lockSentence(lock), "when the lock is lifted"),
      who,
      ask,
      at,
      policyHash: policy.hash,
      rulesForOthers: weighed.length - told.length,
    };
  };

  async function principalMeant(caller: Caller, { as, groups }: WhyQuery): Promise<Principal> {
    if (as === undefined && groups === undefined) return caller.principal;
    if (!caller.mayAudit) {
      throw new PhiError("not_permitted", "Only admins and auditors may ask what holds for others.", {
        hint: "Leave --as and --groups out to ask for yourself.",
      });
    }
    const named = as === undefined ? undefined : await signedInAs(as);
    if (groups === undefined && named === undefined && as !== undefined) {
      throw new PhiError("not_found", `Nobody called ${as} has signed in yet, so their groups are not known.`, {
        hint: "Add --groups GROUP,GROUP to say which they would have.",
      });
    }
    const { issuer } = caller.principal;
    const somebody = named ?? { issuer, subject: as ?? "somebody", name: as ?? "somebody", groups: [] };
    return groups === undefined ? somebody : { ...somebody, groups: groups.split(",").filter((group) => group !== "") };
  }

  async function signedInAs(as: string): Promise<Principal | undefined> {
    const found = (await ledger.newestSignIn({ subject: as })) ?? (await ledger.newestSignIn({ name: as }));
    return found?.principal;
  }

  /** Whoever may read the whole audit log may know of every resource. */
  function findConfigured({ resource: name, role }: WhyQuery): Meant {
    const resource = catalogue.resource(name);
    if (resource === undefined) {
      const meant = nearest(
        name,
        catalogue.resources.map((one) => one.name),
      );
      throw new PhiError("resource_unknown", `There is no resource "${name}".`, {
        ...(meant === undefined ? {} : { hint: `Did you mean ${meant}?` }),
      });
    }
    const roles = [...resource.roles.keys()];
    const [only, another] = roles;
    const found = role ?? (another === undefined ? only : undefined);
    if (found === undefined)
      throw new PhiError("usage", `${name} has several roles: ${roles.join(", ")}.`, { hint: `Add --role ${only}` });
    if (!roles.includes(found))
      throw new PhiError("role_unknown", `${name} has no role "${found}"; it has ${roles.join(", ")}.`);
    return { resource: name, role: found };
  }
}
