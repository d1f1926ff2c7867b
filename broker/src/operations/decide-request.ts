import type { ApprovalOrder } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { openStage, yesOf } from "../domain/approval.js";
import { lastYesAt } from "../domain/approve.js";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Caller } from "../domain/caller.js";
import { placeInEvent, type StandIn } from "../domain/delegation.js";
import { approvalsNeeded } from "../domain/policy/rule.js";
import type { Change } from "../ports/change.js";
import type { Clock } from "../ports/clock.js";
import type { Approval, Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { AssertMayAnswer } from "./answer-rights.js";
import type { Dossier, Dossiers } from "./dossier.js";
import { assertWindowOpen } from "./extension-over.js";
import type { FollowWindow } from "./follow-window.js";
import { withLastYes } from "./last-yes.js";
import { throwIfLocked } from "./locked-out.js";

interface Needs {
  readonly ledger: Ledger;
  readonly dossiers: Dossiers;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly assertMayAnswer: AssertMayAnswer;
  readonly followWindow: FollowWindow;
  /** Of the policy in force now. */
  readonly policyHash: () => string;
}

/** Answers that arrive together are counted one after the other; each lost race reads again. */
const MOST_RACES = 20;

/**
 * One approver's answer. One "no" ends the request; so many different people's "yes" as it needs, stage after stage, approve it.
 * Exactly one answer wins a race; the others learn who was first.
 *
 * @throws PhiError what {@link AssertMayAnswer} throws, `locked`, `window_over`, `not_found`
 */
export function createDecideRequest({
  ledger,
  dossiers,
  locks,
  clock,
  assertMayAnswer,
  followWindow,
  policyHash,
}: Needs) {
  return async function decideRequest(caller: Caller, typed: string, order: ApprovalOrder): Promise<Dossier> {
    for (let race = 0; race < MOST_RACES; race++) {
      const dossier = await dossiers.open(caller, typed);
      const standIn = await assertMayAnswer(caller, dossier, order);
      const at = clock.now();
      if (order.verdict === "approve") await assertWindowOpen(ledger, dossier.request, at);
      const change = answer(caller, dossier, order, { at, policyHash: policyHash(), standIn });
      if ((await ledger.commit(change)) === "moved") {
        const after = await dossiers.open(caller, dossier.request.id);
        if (after.request.state === "extended" && after.request.extends !== undefined)
          await followWindow.ofRequest(after.request.extends.of);
        return after;
      }
      await throwIfLocked(locks, { principal: caller.principal, resource: dossier.request.resource });
    }
    throw new PhiError("wrong_state", "Too many answers arrived at once.", { hint: "Try again." });
  };
}

function answer(
  caller: Caller,
  { request, approvals }: Dossier,
  order: ApprovalOrder,
  {
    at,
    policyHash,
    standIn,
  }: { readonly at: number; readonly policyHash: string; readonly standIn: StandIn | undefined },
): Change {
  const approval: Approval = {
    requestId: request.id,
    approver: caller.principal,
    ...(standIn === undefined ? {} : { onBehalfOf: standIn.principal, delegation: standIn.delegation }),
    verdict: order.verdict,
    requestHash: order.hash,
    reason: order.reason,
    at,
  };
  const given = yesOf(approvals);
  const { revision } = request;
  const record = { do: "insert_approval", approval, approvalsGiven: given, revision } as const;
  const event = (kind: AuditEntry["kind"], data: Record<string, unknown> = {}): AuditEntry => ({
    id: newId("event"),
    at,
    kind,
    actor: caller.principal,
    resource: request.resource,
    requestId: request.id,
    data: { reason: order.reason, ...data, ...placeInEvent(standIn), requestHash: order.hash, policyHash },
  });
  const advance = { do: "advance_request", id: request.id, from: "pending" } as const;

  if (order.verdict === "deny") {
    const set = { endedAt: at, ...(order.reason === undefined ? {} : { endComment: order.reason }) };
    return {
      guard: { ...advance, to: "denied", dueAt: null, set },
      follow: [record],
      events: [event("request.denied")],
    };
  }
  const needed = approvalsNeeded({ approval: request });
  const stage = openStage(request.stages, given)?.number;
  const count = { approvals: given + 1, needed, ...(request.stages.length > 1 ? { stage } : {}) };
  if (given + 1 < needed) return { guard: record, events: [event("approval.given", count)] };

  const move = lastYesAt(request, at);
  const yes = withLastYes(request, move, { at, actor: caller.principal });
  return {
    guard: {
      ...advance,
      ...move,
      require: {
        approvalsGiven: given,
        revision,
        unlocked: [caller.principal],
        delegation: standIn && { id: standIn.delegation, at },
        window: request.extends && { extension: request.extends, at },
      },
    },
    follow: [record, ...yes.follow],
    events: [event("request.approved", count), ...yes.events],
  };
}
