import type { ReviewOrder } from "@phi/shared/contract/review";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import { reviewRight } from "../domain/emergency.js";
import type { Request } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { Dossier, Dossiers } from "./dossier.js";
import { throwIfLocked } from "./locked-out.js";

interface Needs {
  readonly ledger: Ledger;
  readonly dossiers: Dossiers;
  readonly locks: Locks;
  readonly clock: Clock;
}

/**
 * What somebody else thinks of an emergency that is over. One review, once, never by its requester.
 *
 * @throws PhiError `own_request`, `not_permitted`, `already_decided`, `wrong_state`, `locked`, `not_found`
 */
export function createReviewEmergency({ ledger, dossiers, locks, clock }: Needs) {
  return async function reviewEmergency(caller: Caller, typed: string, order: ReviewOrder): Promise<Dossier> {
    const { principal } = caller;
    // After one lost race somebody has reviewed it, or a lock keeps this one out.
    for (let race = 0; race < 2; race++) {
      const { request } = await dossiers.open(caller, typed);
      const right = reviewRight(request, principal);
      const about = { at: clock.now(), actor: principal, resource: request.resource, requestId: request.id };
      if (right !== "may_review") {
        if (right === "own_request" || right === "not_a_reviewer") {
          const data = { verdict: order.verdict, because: right };
          await ledger.record({ id: newId("event"), ...about, kind: "review.refused", data });
        }
        throw whyNot(right, request);
      }
      const { issuer, subject, name } = principal;
      const review = { by: { issuer, subject, name }, ...order, at: about.at };
      const outcome = await ledger.commit({
        guard: { do: "insert_review", id: request.id, review },
        events: [{ id: newId("event"), ...about, kind: "review.given", data: { ...order } }],
      });
      if (outcome === "moved") return dossiers.open(caller, request.id);
      await throwIfLocked(locks, { principal });
    }
    throw new PhiError("wrong_state", "The request kept changing.", { hint: "Try again." });
  };
}

function whyNot(
  right: Exclude<ReturnType<typeof reviewRight>, "may_review">,
  { id, emergency, resource }: Request,
): PhiError {
  const hint = `phi show ${id}`;
  switch (right) {
    case "no_emergency":
      return new PhiError("wrong_state", `${id} was no emergency; there is nothing to review.`, { hint });
    case "own_request":
      return new PhiError("own_request", "This was your own emergency; somebody else has to review it.", { hint });
    case "not_a_reviewer":
      return new PhiError("not_permitted", `Only ${emergency?.reviewers.join(" or ") ?? "nobody"} reviews ${id}.`);
    case "reviewed":
      return new PhiError("already_decided", `${id} was reviewed already, by ${emergency?.review?.by.name}.`, { hint });
    case "not_over":
      return new PhiError("wrong_state", `${id} is not over: what still happens in it could not be reviewed.`, {
        hint: `Wait, or take the access to ${resource} back: phi revoke ${id} --reason …`,
      });
  }
}
