import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { answerRight } from "../domain/answer-as.js";
import { openStage, yesOf } from "../domain/approval.js";
import { hashOf } from "../domain/approve.js";
import type { Caller } from "../domain/caller.js";
import type { StandIn } from "../domain/delegation.js";
import { everyApprover } from "../domain/policy/rule.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Dossier } from "./dossier.js";

interface Needs {
  readonly ledger: Pick<Ledger, "record" | "newestSignIn">;
  readonly catalogue: Pick<Catalogue, "policy">;
  readonly clock: Clock;
}

/** What somebody is about to answer. */
export interface Answering {
  readonly verdict: "approve" | "deny";
  /** Of the request as they were shown it. */
  readonly hash?: string | undefined;
}

/** In whose place the caller gives it, if not in their own. Passes when they may give this answer to this request now; the reason why not is thrown, and on record where it is worth it. */
export type AssertMayAnswer = (caller: Caller, dossier: Dossier, answering: Answering) => Promise<StandIn | undefined>;

/**
 * Who may answer, what they saw, and whether the requester may still have it, in this order: nobody learns from a refusal what they may not know.
 *
 * @throws PhiError `own_request`, `not_permitted`, `already_decided`, `wrong_state`, `not_as_seen`, `refused_by_policy`
 */
export function createAssertMayAnswer({ ledger, catalogue, clock }: Needs): AssertMayAnswer {
  return async (caller, dossier, answering) => {
    const { request, approvals, standIns } = dossier;
    const { right, standIn } = answerRight(request, approvals, caller.principal, standIns, answering.verdict);
    const approvers = everyApprover(request.stages).join(" or ");
    if (right === "own_request") {
      await refused(caller, dossier, answering, right);
      throw new PhiError("own_request", "This is your own request; somebody else has to answer it.", {
        hint: `It waits for ${approvers}. Take it back with: phi withdraw ${request.id}`,
      });
    }
    if (right === "not_an_approver") {
      await refused(caller, dossier, answering, right);
      throw new PhiError("not_permitted", `Only ${approvers || "the policy"} decides on ${request.id}.`);
    }
    assertUndecided(dossier);
    if (right === "answered") {
      throw new PhiError(
        "already_decided",
        `You have answered ${request.id} already; it needs somebody else's approval too.`,
      );
    }
    if (right === "not_this_stage") {
      const open = openStage(request.stages, yesOf(approvals));
      throw new PhiError(
        "wrong_state",
        `${request.id} waits for ${open?.missing} yes from ${open?.stage.from.join(" or ")} now.`,
        {
          hint: `Your answer may come in another stage: phi show ${request.id}`,
        },
      );
    }
    assertSeen(dossier, answering);
    if (answering.verdict === "approve") await assertStillHolds(caller, dossier, answering);
    return standIn;
  };

  /** With the groups that the requester signed in with last: what was right when they asked may not be any more. */
  async function assertStillHolds(caller: Caller, dossier: Dossier, answering: Answering): Promise<void> {
    const { request } = dossier;
    const signIn = await ledger.newestSignIn(request.requester);
    const standing = catalogue.policy().stillHolds(signIn?.principal ?? request.requester, request, clock.now());
    if (standing.holds) return;
    const because =
      standing.deniedBy === undefined
        ? `${request.requester.name} may not have ${request.role} on ${request.resource} now: their groups or the policy have changed since they asked, its hours are over, or they are not on call any more.`
        : `The policy "${standing.deniedBy.name}" denies ${request.role} on ${request.resource} now.`;
    await refused(caller, dossier, answering, because);
    throw new PhiError("refused_by_policy", because, { hint: `phi deny ${request.id} --reason …` });
  }

  /** The attempt itself is worth an event: somebody tried what they may not do. */
  function refused(caller: Caller, { request }: Dossier, { verdict }: Answering, because: string): Promise<void> {
    return ledger.record({
      id: newId("event"),
      at: clock.now(),
      kind: "approval.refused",
      actor: caller.principal,
      resource: request.resource,
      requestId: request.id,
      data: { verdict, because, policyHash: catalogue.policy().hash },
    });
  }
}

function assertUndecided({ request, approvals }: Dossier): void {
  if (request.state === "pending") return;
  const last = approvals.at(-1);
  const verb = last?.verdict === "deny" ? "denied" : "approved";
  throw new PhiError(
    "already_decided",
    last === undefined
      ? `${request.id} is ${request.state}${request.endComment === undefined ? "" : ` (${request.endComment})`}; there is nothing left to decide.`
      : `${request.id} was ${verb} already, by ${last.approver.name}; it is ${request.state} now.`,
    { hint: `phi show ${request.id}`, data: { state: request.state } },
  );
}

/** A yes is to what was shown, never to an id. A no may come without: it gives nothing. */
function assertSeen({ request }: Dossier, { verdict, hash }: Answering): void {
  if (hash === hashOf(request) || (hash === undefined && verdict === "deny")) return;
  throw new PhiError(
    "not_as_seen",
    hash === undefined
      ? "An approval must carry the hash of the request as it was shown."
      : `${request.id} is not what you were shown: it has changed since.`,
    { hint: `Look at it again: phi show ${request.id}` },
  );
}
