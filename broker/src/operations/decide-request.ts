import type { ApprovalOrder } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Caller } from "../domain/caller.js";
import { samePrincipal } from "../domain/principal.js";
import { decisionRight, type Request } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Approval, Change, Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { Dossier, Dossiers } from "./dossier.js";
import { throwIfLocked } from "./locked-out.js";

interface Needs {
  readonly ledger: Ledger;
  readonly dossiers: Dossiers;
  readonly locks: Locks;
  readonly clock: Clock;
}

/** Answers that arrive together are counted one after the other; each lost race reads again. */
const MOST_RACES = 20;

/**
 * One approver's answer. One "no" ends the request; so many different people's "yes" as it needs approve it.
 * Exactly one answer wins a race; the others learn who was first.
 *
 * @throws PhiError `own_request`, `not_permitted`, `already_decided`, `locked`, `not_found`
 */
export function createDecideRequest({ ledger, dossiers, locks, clock }: Needs) {
  return async function decideRequest(caller: Caller, typed: string, order: ApprovalOrder): Promise<Dossier> {
    for (let race = 0; race < MOST_RACES; race++) {
      const dossier = await dossiers.open(caller, typed);
      await assertMayDecide(caller, dossier.request, order);
      assertUndecided(caller, dossier);
      const change = answer(caller, dossier, order, clock.now());
      if ((await ledger.commit(change)) === "moved") return dossiers.open(caller, dossier.request.id);
      await throwIfLocked(locks, { principal: caller.principal, resource: dossier.request.resource });
    }
    throw new PhiError("wrong_state", "Too many answers arrived at once.", { hint: "Try again." });
  };

  /** The attempt itself is worth an event: somebody tried what they may not do. */
  async function assertMayDecide(caller: Caller, request: Request, order: ApprovalOrder): Promise<void> {
    const right = decisionRight(request, caller.principal);
    if (right === "may_decide") return;
    await ledger.record({
      id: newId("event"),
      at: clock.now(),
      kind: "approval.refused",
      actor: caller.principal,
      resource: request.resource,
      requestId: request.id,
      data: { verdict: order.verdict, because: right },
    });
    if (right === "own_request") {
      throw new PhiError("own_request", "This is your own request; somebody else has to answer it.", {
        hint: `It waits for ${request.approvers.join(" or ")}. Take it back with: phi withdraw ${request.id}`,
      });
    }
    throw new PhiError(
      "not_permitted",
      `Only ${request.approvers.join(" or ") || "the policy"} decides on ${request.id}.`,
    );
  }
}

function assertUndecided(caller: Caller, { request, approvals }: Dossier): void {
  if (request.state === "pending") {
    if (approvals.some((one) => samePrincipal(one.approver, caller.principal))) {
      throw new PhiError(
        "already_decided",
        `You have answered ${request.id} already; it needs somebody else's approval too.`,
      );
    }
    return;
  }
  const last = approvals.at(-1);
  const verb = last?.verdict === "deny" ? "denied" : "approved";
  throw new PhiError(
    "already_decided",
    last === undefined
      ? `${request.id} is ${request.state}; there is nothing left to decide.`
      : `${request.id} was ${verb} already, by ${last.approver.name}; it is ${request.state} now.`,
    { hint: `phi show ${request.id}`, data: { state: request.state } },
  );
}

function answer(caller: Caller, { request, approvals }: Dossier, order: ApprovalOrder, at: number): Change {
  const approval: Approval = {
    requestId: request.id,
    approver: caller.principal,
    verdict: order.verdict,
    reason: order.reason,
    at,
  };
  const given = approvals.filter((one) => one.verdict === "approve").length;
  const record = { do: "insert_approval", approval, approvalsGiven: given } as const;
  const event = (kind: AuditEntry["kind"], data: Record<string, unknown> = {}): AuditEntry => ({
    id: newId("event"),
    at,
    kind,
    actor: caller.principal,
    resource: request.resource,
    requestId: request.id,
    data: { reason: order.reason, ...data },
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
  const count = { approvals: given + 1, needed: request.approvalsNeeded };
  if (given + 1 < request.approvalsNeeded) return { guard: record, events: [event("approval.given", count)] };

  const require = { approvalsGiven: given, unlocked: caller.principal };
  const claimUntil = at + request.claimWithin * 1000;
  const expiresAt = at + request.duration * 1000;
  if (request.starts === "first_use") {
    const guard = {
      ...advance,
      to: "approved",
      dueAt: claimUntil,
      require,
      set: { approvedAt: at, claimUntil },
    } as const;
    return { guard, follow: [record], events: [event("request.approved", count)] };
  }
  return {
    guard: {
      ...advance,
      to: "active",
      dueAt: expiresAt,
      require,
      set: { approvedAt: at, claimUntil, startedAt: at, expiresAt },
    },
    follow: [record],
    events: [event("request.approved", count), event("request.started", { starts: "approval" })],
  };
}
