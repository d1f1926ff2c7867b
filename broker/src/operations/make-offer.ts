import type { OfferOrder } from "@phi/shared/contract/request";
import { formatDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { yesOf } from "../domain/approval.js";
import type { Caller } from "../domain/caller.js";
import { placeInEvent } from "../domain/delegation.js";
import type { Offer, Request } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { AssertMayAnswer } from "./answer-rights.js";
import type { Dossier, Dossiers } from "./dossier.js";
import { throwIfLocked } from "./locked-out.js";
import type { TermsOfOffer } from "./offer-terms.js";

interface Needs {
  readonly ledger: Ledger;
  readonly dossiers: Dossiers;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly assertMayAnswer: AssertMayAnswer;
  readonly termsOfOffer: TermsOfOffer;
}

const MOST_RACES = 20;

/**
 * A yes to less: a shorter window, another role, or both. The request stays as it is until its requester accepts; a later offer takes
 * the place of an earlier one. Only while nobody has said yes: theirs was to what was asked.
 *
 * @throws PhiError what {@link AssertMayAnswer} throws, `invalid_input`, `refused_by_policy`, `role_unknown`, `wrong_state`, `locked`
 */
export function createMakeOffer({ ledger, dossiers, locks, clock, assertMayAnswer, termsOfOffer }: Needs) {
  return async function makeOffer(caller: Caller, typed: string, order: OfferOrder): Promise<Dossier> {
    for (let race = 0; race < MOST_RACES; race++) {
      const dossier = await dossiers.open(caller, typed);
      const standIn = await assertMayAnswer(caller, dossier, { verdict: "approve", hash: order.hash });
      const { request } = dossier;
      if (yesOf(dossier.approvals) > 0) {
        throw new PhiError(
          "wrong_state",
          `Somebody has said yes to ${request.id} as it is; it cannot be made less now.`,
          {
            hint: `phi approve ${request.id}   or   phi deny ${request.id} --reason …`,
          },
        );
      }
      const place = standIn === undefined ? {} : { standIn };
      const offer: Offer = {
        by: caller.principal,
        ...place,
        ...lessThan(request, order),
        reason: order.reason,
        at: clock.now(),
      };
      const terms = await termsOfOffer(request, offer);
      const outcome = await ledger.commit({
        guard: {
          do: "advance_request",
          id: request.id,
          from: "pending",
          to: "pending",
          dueAt: request.pendingUntil,
          require: {
            approvalsGiven: 0,
            revision: request.revision,
            unlocked: [caller.principal],
            delegation: standIn && { id: standIn.delegation, at: offer.at },
          },
          set: { offer },
        },
        events: [
          {
            id: newId("event"),
            at: offer.at,
            kind: "offer.made",
            actor: caller.principal,
            resource: request.resource,
            requestId: request.id,
            data: {
              role: offer.role,
              duration: offer.duration,
              reason: offer.reason,
              policy: terms.policy,
              ...placeInEvent(standIn),
              requestHash: order.hash,
              policyHash: terms.policyHash,
            },
          },
        ],
      });
      if (outcome === "moved") return dossiers.open(caller, request.id);
      await throwIfLocked(locks, { principal: caller.principal, resource: request.resource });
    }
    throw new PhiError("wrong_state", "The request kept changing.", { hint: "Try again." });
  };
}

function lessThan(
  request: Request,
  { role = request.role, duration = request.duration }: OfferOrder,
): Pick<Offer, "role" | "duration"> {
  if (request.extends !== undefined && role !== request.role) {
    throw new PhiError(
      "invalid_input",
      `${request.id} is more time for ${request.role}; another role is another request.`,
      {
        hint: `Offer less time: phi approve ${request.id} --for LENGTH`,
      },
    );
  }
  if (duration > request.duration) {
    throw new PhiError("invalid_input", `An offer is for less: ${formatDuration(request.duration)} was asked for.`, {
      hint: `--for at most ${formatDuration(request.duration)}`,
    });
  }
  if (role === request.role && duration === request.duration) {
    throw new PhiError("invalid_input", "This is just what was asked for.", { hint: `phi approve ${request.id}` });
  }
  return { role, duration };
}
