import type { EndOrder } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import { everyApprover } from "../domain/policy/rule.js";
import type { Request } from "../domain/request.js";
import type { Rights } from "../domain/rights.js";
import type { Change } from "../ports/change.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Dossier, Dossiers } from "./dossier.js";
import type { RevokeLeases } from "./revoke-leases.js";
import { waitForProof } from "./wait-for-proof.js";

interface Needs {
  readonly ledger: Ledger;
  readonly dossiers: Dossiers;
  readonly clock: Clock;
  readonly revokeLeases: RevokeLeases;
}

/** Three ways in which people close a request: take a pending one back, give access back, take access away. */
export type Closing = "withdraw" | "end" | "revoke";

const RIGHT: Record<Closing, keyof Rights> = { withdraw: "withdraw", end: "end", revoke: "revoke" };

/**
 * Closes a request now. All its leases, live connections included, are revoked before the answer when the target is quick,
 * and afterwards for as long as it takes when it is not.
 *
 * @throws PhiError `not_permitted`, `wrong_state`, `not_found`
 */
export function createCloseRequest({ ledger, dossiers, clock, revokeLeases }: Needs) {
  return async function closeRequest(
    caller: Caller,
    typed: string,
    closing: Closing,
    order: EndOrder,
  ): Promise<Dossier> {
    // A second reading is enough: after one lost race (first use, approval) the next state is either closable or final.
    for (let race = 0; race < 5; race++) {
      const dossier = await dossiers.open(caller, typed);
      const { request, rights } = dossier;
      if (!rights[RIGHT[closing]]) throw whyNot(closing, dossier);
      if ((await ledger.commit(change(caller, request, closing, order, clock.now()))) === "moved") {
        // It is closed whatever comes now: a target that hangs, or a store that fails, is the loop's to go on with.
        await waitForProof(revokeLeases.ofRequest(request.id)).catch(() => undefined);
        return dossiers.open(caller, request.id);
      }
    }
    throw new PhiError("wrong_state", "The request kept changing.", { hint: "Try again." });
  };
}

function change(caller: Caller, request: Request, closing: Closing, order: EndOrder, at: number): Change {
  const comment = order.reason === undefined ? {} : { endComment: order.reason };
  const about = { id: newId("event"), at, actor: caller.principal, resource: request.resource, requestId: request.id };
  const advance = { do: "advance_request", id: request.id, from: request.state, dueAt: null } as const;
  if (closing === "withdraw") {
    return {
      guard: { ...advance, to: "withdrawn", set: { endedAt: at, ...comment } },
      events: [{ ...about, kind: "request.withdrawn", data: { reason: order.reason } }],
    };
  }
  const because = closing === "end" ? "ended_by_holder" : "revoked";
  return {
    guard: { ...advance, to: "ended", set: { endedAt: at, endedBecause: because, ...comment } },
    follow: [{ do: "revoke_leases_of", requestId: request.id, because, since: at, at }],
    events: [{ ...about, kind: "request.ended", data: { because, reason: order.reason } }],
  };
}

function whyNot(closing: Closing, { request, rights }: Dossier): PhiError {
  const hint = `phi show ${request.id}`;
  switch (closing) {
    case "withdraw":
      return rights.end
        ? new PhiError("wrong_state", `${request.id} is ${request.state}, no longer pending.`, {
            hint: `Give it back with: phi end ${request.id}`,
          })
        : new PhiError(
            "wrong_state",
            `${request.id} is ${request.state}, and only its requester withdraws a pending request.`,
            { hint },
          );
    case "end":
      return rights.withdraw
        ? new PhiError("wrong_state", `${request.id} is still pending.`, {
            hint: `Take it back with: phi withdraw ${request.id}`,
          })
        : new PhiError("wrong_state", `${request.id} is ${request.state}; there is no access of yours to give back.`, {
            hint: request.state === "extended" ? `Its time belongs to: phi end ${request.extends?.of}` : hint,
          });
    case "revoke":
      return request.state === "approved" || request.state === "active"
        ? new PhiError(
            "not_permitted",
            `Only ${everyApprover(request.stages).join(" or ") || "an admin"} or an admin revokes ${request.id}.`,
            {
              hint: rights.end ? `It is yours: phi end ${request.id}` : undefined,
            },
          )
        : new PhiError("wrong_state", `${request.id} is ${request.state}; there is no access to revoke.`, {
            hint: rights.decide
              ? `phi deny ${request.id} --reason …`
              : request.state === "extended"
                ? `Its time belongs to: phi revoke ${request.extends?.of}`
                : hint,
          });
  }
}
