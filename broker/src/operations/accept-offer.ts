import type { AcceptOrder } from "@phi/shared/contract/request";
import { formatDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { hashOf, lastYesAt } from "../domain/approve.js";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Caller } from "../domain/caller.js";
import { placeInEvent } from "../domain/delegation.js";
import { approvalsNeeded } from "../domain/policy/rule.js";
import { samePrincipal } from "../domain/principal.js";
import type { Offer, Request } from "../domain/request.js";
import type { Change } from "../ports/change.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { Dossier, Dossiers } from "./dossier.js";
import { assertWindowOpen } from "./extension-over.js";
import type { FollowWindow } from "./follow-window.js";
import { withLastYes } from "./last-yes.js";
import { throwIfLocked } from "./locked-out.js";
import type { OfferedTerms, TermsOfOffer } from "./offer-terms.js";

interface Needs {
  readonly ledger: Ledger;
  readonly dossiers: Dossiers;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly termsOfOffer: TermsOfOffer;
  readonly followWindow: FollowWindow;
}

type Offered = Extract<Request, { state: "pending" }> & { readonly offer: Offer };

const MOST_RACES = 20;

/**
 * The requester takes what was offered, and nothing else: the request becomes the smaller one, judged by policy anew, and the offer counts as
 * its maker's yes. When it needs more people it goes on waiting for them, as the smaller one.
 *
 * @throws PhiError `wrong_state`, `not_as_seen`, `not_permitted`, `refused_by_policy`, `locked`, `window_over`, `not_found`
 */
export function createAcceptOffer({ ledger, dossiers, locks, clock, termsOfOffer, followWindow }: Needs) {
  return async function acceptOffer(caller: Caller, typed: string, order: AcceptOrder): Promise<Dossier> {
    for (let race = 0; race < MOST_RACES; race++) {
      const { request } = await dossiers.open(caller, typed);
      const offered = assertOffered(caller, request, order);
      const terms = await termsOfOffer(offered, offered.offer);
      const at = clock.now();
      await assertWindowOpen(ledger, request, at);
      if ((await ledger.commit(accept(caller, offered, terms, at))) === "moved") {
        const after = await dossiers.open(caller, request.id);
        if (after.request.state === "extended" && after.request.extends !== undefined)
          await followWindow.ofRequest(after.request.extends.of);
        return after;
      }
      await throwIfLocked(locks, { principal: caller.principal, resource: request.resource });
      const { by, standIn } = offered.offer;
      if ((await locks.on({ principal: by })) !== undefined) throw countsNoMore(request, by.name);
      // It has not changed: what it was made by has.
      const again = (await dossiers.open(caller, request.id)).request;
      if (standIn !== undefined && again.state === "pending" && again.revision === request.revision)
        throw countsNoMore(request, `${by.name}, in the place of ${standIn.principal.name},`);
    }
    throw new PhiError("wrong_state", "The request kept changing.", { hint: "Try again." });
  };
}

function countsNoMore(request: Request, who: string): PhiError {
  return new PhiError("wrong_state", `${who} may not answer any more, so the offer does not count.`, {
    hint: `It waits for another answer: phi show ${request.id} --wait`,
  });
}

function assertOffered(caller: Caller, request: Request, order: AcceptOrder): Offered {
  if (!samePrincipal(request.requester, caller.principal))
    throw new PhiError("not_permitted", `Only ${request.requester.name} accepts what is offered for ${request.id}.`);
  if (request.state !== "pending" || request.offer === undefined) {
    throw new PhiError("wrong_state", `There is no offer for ${request.id} to accept; it is ${request.state}.`, {
      hint: `phi show ${request.id}`,
    });
  }
  const { offer } = request;
  if (offer.role !== order.role || offer.duration !== order.duration) {
    throw new PhiError("not_as_seen", `${offer.role} for ${formatDuration(offer.duration)} is offered now.`, {
      hint: `Look at it again: phi show ${request.id}`,
    });
  }
  return { ...request, offer };
}

function accept(caller: Caller, request: Offered, terms: OfferedTerms, at: number): Change {
  const { offer, id, resource, role, duration, revision } = request;
  const needed = approvalsNeeded({ approval: terms });
  const hash = hashOf({ ...request, ...terms });
  const event = (kind: AuditEntry["kind"], data: Record<string, unknown>): AuditEntry => ({
    id: newId("event"),
    at,
    kind,
    actor: kind === "offer.accepted" ? caller.principal : offer.by,
    resource,
    requestId: id,
    data: {
      ...data,
      ...(kind === "offer.accepted" ? {} : placeInEvent(offer.standIn)),
      policyHash: terms.policyHash,
    },
  });
  const lastYes = needed > 1 ? undefined : lastYesAt({ ...request, ...terms }, at);
  const move = lastYes ?? ({ to: "pending", dueAt: request.pendingUntil, set: {} } as const);
  const given = lastYes && withLastYes({ ...request, ...terms }, lastYes, { at, actor: offer.by });
  const yes = { approvals: Math.min(1, needed), needed, reason: offer.reason, requestHash: hash };
  return {
    guard: {
      do: "advance_request",
      id,
      from: "pending",
      to: move.to,
      dueAt: move.dueAt,
      require: {
        approvalsGiven: 0,
        revision,
        unlocked: [caller.principal, offer.by],
        window: request.extends && { extension: request.extends, at },
        delegation: offer.standIn && { id: offer.standIn.delegation, at },
      },
      set: { ...move.set, terms, offer: null },
    },
    follow: [
      {
        do: "insert_approval",
        approvalsGiven: 0,
        revision,
        approval: {
          requestId: id,
          approver: offer.by,
          ...(offer.standIn === undefined
            ? {}
            : { onBehalfOf: offer.standIn.principal, delegation: offer.standIn.delegation }),
          verdict: "approve",
          requestHash: hash,
          reason: offer.reason,
          at,
        },
      },
      ...(given?.follow ?? []),
    ],
    events: [
      event("offer.accepted", {
        role: terms.role,
        duration: terms.duration,
        askedRole: role,
        askedDuration: duration,
        policy: terms.policy,
        requestHash: hash,
      }),
      needed > 1 ? event("approval.given", yes) : event("request.approved", yes),
      ...(given?.events ?? []),
    ],
  };
}
