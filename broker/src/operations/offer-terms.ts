import { PhiError } from "@phi/shared/errors";
import { wholeWindow } from "../domain/extension.js";
import { explainRefusal } from "../domain/policy/refusal-words.js";
import { matchesAny } from "../domain/principal.js";
import type { Offer, Request } from "../domain/request.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";

/** What a request becomes by an offer. */
export type OfferedTerms = Pick<
  Request,
  "role" | "duration" | "policy" | "policyHash" | "stages" | "claimWithin" | "starts" | "idleTimeout"
>;

/**
 * What policy says to the requester asking for just what is offered, now, with the groups of their newest sign-in. The offer must be
 * its maker's to give: they stand in the first stage of it, or it needs nobody.
 *
 * @throws PhiError `role_unknown`, `refused_by_policy`, `not_permitted`
 */
export type TermsOfOffer = (request: Request, offer: Offer) => Promise<OfferedTerms>;

export function createTermsOfOffer({
  ledger,
  catalogue,
  clock,
}: {
  readonly ledger: Pick<Ledger, "newestSignIn">;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
}): TermsOfOffer {
  return async (request, { by, standIn, role, duration }) => {
    const { resource, reason, ticket } = request;
    const roles = [...(catalogue.resource(resource)?.roles.keys() ?? [])];
    if (!roles.includes(role))
      throw new PhiError("role_unknown", `${resource} has no role "${role}"; it has ${roles.join(", ")}.`);
    const requester = (await ledger.newestSignIn(request.requester))?.principal ?? request.requester;
    const policy = catalogue.policy();
    const asked = request.extends === undefined ? duration : wholeWindow(request.extends, duration);
    const ask = { resource, role, duration: asked, reason, ticket };
    const decision = policy.decide(requester, ask, clock.now());
    if (decision.decision === "refused") {
      throw new PhiError("refused_by_policy", `${requester.name} may not have that: ${explainRefusal(decision, ask)}`, {
        data: { because: decision.because },
      });
    }
    const stages = decision.decision === "needs_approval" ? decision.stages : [];
    const [first] = stages;
    if (first !== undefined && !matchesAny(standIn?.principal ?? by, first.from)) {
      throw new PhiError(
        "not_permitted",
        `That would be for ${first.from.join(" or ")} to approve, not for ${(standIn?.principal ?? by).name}.`,
      );
    }
    const { name, claimWithin, starts, idleTimeout } = decision.rule;
    return { role, duration, policy: name, policyHash: policy.hash, stages, claimWithin, starts, idleTimeout };
  };
}
