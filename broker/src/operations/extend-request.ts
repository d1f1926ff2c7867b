import type { ExtensionOrder } from "@phi/shared/contract/request";
import { formatDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import { type Extension, extendAt, longestExtension, wholeWindow } from "../domain/extension.js";
import type { Ask } from "../domain/policy/obstacle.js";
import type { Decision, Policy, Refusal } from "../domain/policy/policy.js";
import { explainRefusal, nextStep } from "../domain/policy/refusal-words.js";
import type { Request } from "../domain/request.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import { extensionAsked, extensionRefused } from "./extension-events.js";
import { type FileRequest, type Filing, withOrder } from "./file-request.js";
import type { FollowWindow } from "./follow-window.js";
import { withLastYes } from "./last-yes.js";
import { lockedOut } from "./locked-out.js";
import { notOpen, type Open, type OpenWindow } from "./open-window.js";

interface Needs {
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly openWindow: OpenWindow;
  readonly followWindow: FollowWindow;
  readonly fileRequest: Pick<FileRequest, "made">;
}

/** Another extension, or the end, may come between the look and the record. */
const MOST_RACES = 5;

/**
 * Asks for more time in an open window, as a request of its own. Policy judges, now, the whole window that it would make: what is refused
 * for 4 h is refused for 3 h 50 m and ten minutes more. Allowed at once, the window is longer with the answer; else it waits for
 * the people that policy names. The same caller with the same `idempotencyKey` gets the extension made before.
 *
 * @throws PhiError what {@link OpenWindow} throws, `refused_by_policy`, `resource_unknown`, `locked`, `invalid_input`, `store_unavailable`
 */
export function createExtendRequest({ ledger, catalogue, locks, clock, openWindow, followWindow, fileRequest }: Needs) {
  return async function extendRequest(
    caller: Caller,
    typed: string,
    order: ExtensionOrder,
    idempotencyKey?: string,
  ): Promise<Request> {
    const filing = { requester: caller.principal, key: idempotencyKey, order: { ...order, extends: typed } };
    for (let race = 0; race < MOST_RACES; race++) {
      const before = await fileRequest.made(filing);
      if (before !== undefined) return before;
      const window = await openWindow(caller, typed);
      const now = clock.now();
      const policy = catalogue.policy();
      const extension = { of: window.id, startedAt: window.startedAt, from: window.expiresAt };
      const decision = await decide(caller, policy, window, extension, order, now);
      const request = plan(caller, window, extension, order, decision, { now, policyHash: policy.hash });
      if (await record(request, filing)) {
        if (request.state === "extended") await followWindow.ofRequest(window.id);
        return request;
      }
      // The extension that is in the way may be this one's own, made by the same call a moment before.
      const meanwhile = await fileRequest.made(filing);
      if (meanwhile !== undefined) return meanwhile;
      await throwIfOutOfReach(caller, window);
    }
    throw new PhiError("wrong_state", "The window kept changing.", { hint: "Try again." });
  };

  async function decide(
    { principal }: Caller,
    policy: Policy,
    { resource, role }: Open,
    extension: Extension,
    { duration, reason, ticket }: ExtensionOrder,
    now: Instant,
  ): Promise<Exclude<Decision, Refusal>> {
    if (catalogue.resource(resource)?.roles.has(role) !== true)
      throw new PhiError("resource_unknown", `${role} on ${resource} is no longer configured.`, {
        hint: "phi resources",
      });
    const ask: Ask = { resource, role, duration: wholeWindow(extension, duration), reason, ticket };
    const decision = policy.decide(principal, ask, now);
    if (decision.decision !== "refused") return decision;
    const because = inWords(decision, ask, duration);
    await ledger.record(
      extensionRefused({ principal, ask, duration, extension, because, policyHash: policy.hash }, now),
    );
    throw new PhiError("refused_by_policy", because, {
      hint: whatInstead(decision, ask, extension),
      data: { because: decision.because },
    });
  }

  /** Whether it was recorded; two calls with one key at once are one extension, which the next look finds. */
  async function record(request: Request, filing: Filing): Promise<boolean> {
    const [created, ...more] = extensionAsked(request);
    const yes = request.state === "extended" ? extendAt(request.createdAt) : undefined;
    const given = yes && withLastYes(request, yes, { at: request.createdAt, actor: undefined });
    try {
      const outcome = await ledger.commit({
        guard: { do: "insert_request", request, idempotencyKey: filing.key, ...withOrder(filing) },
        follow: given?.follow ?? [],
        events: [created, ...more, ...(given?.events ?? [])],
      });
      return outcome === "moved";
    } catch (error) {
      if (!(error instanceof PhiError) || error.data?.conflict !== true || filing.key === undefined) throw error;
      return false;
    }
  }

  /** What kept the extension out, unless another look may let it in. */
  async function throwIfOutOfReach({ principal }: Caller, window: Open): Promise<void> {
    const lock = await locks.on({ principal, resource: window.resource });
    if (lock !== undefined) throw lockedOut(lock);
    const pending = await ledger.pendingExtension(window.id);
    if (pending !== undefined) {
      throw new PhiError(
        "wrong_state",
        `${pending.id}, ${formatDuration(pending.duration)} more for ${window.id}, waits for its answer.`,
        {
          hint: `Wait for it: phi show --wait ${pending.id}   or take it back: phi withdraw ${pending.id}`,
          data: { request: pending.id },
        },
      );
    }
    const current = (await ledger.request(window.id)) ?? window;
    if (current.state !== "active" || clock.now() >= current.expiresAt) throw notOpen(current);
  }
}

function plan(
  { principal }: Caller,
  { resource, role }: Open,
  extension: Extension,
  order: ExtensionOrder,
  { rule, ...decision }: Exclude<Decision, Refusal>,
  { now, policyHash }: { readonly now: Instant; readonly policyHash: string },
): Request {
  const asked = {
    id: newId("request"),
    requester: principal,
    resource,
    role,
    duration: order.duration,
    reason: order.reason,
    ticket: order.ticket,
    policy: rule.name,
    policyHash,
    stages: decision.decision === "needs_approval" ? decision.stages : [],
    revision: 0,
    claimWithin: rule.claimWithin,
    starts: rule.starts,
    once: false,
    createdAt: now,
    // With its window it is over.
    pendingUntil: Math.min(now + rule.pendingFor * 1_000, extension.from),
    endComment: undefined,
    extends: extension,
  };
  if (decision.decision === "needs_approval") return { ...asked, state: "pending" };
  const { to, set } = extendAt(now);
  return { ...asked, state: to, ...set };
}

/** Why policy refuses the whole window, to somebody who asked for a part of it. */
function inWords(refusal: Refusal, ask: Ask, duration: number): string {
  const words = explainRefusal(refusal, ask);
  return ask.duration > duration && "obstacles" in refusal && refusal.obstacles.includes("too_long")
    ? `With ${formatDuration(duration)} more the window would be ${formatDuration(ask.duration)} long. ${words}`
    : words;
}

/** What to type instead: the longest extension that there can be, or a request of its own where there can be none. */
function whatInstead(refusal: Refusal, ask: Ask, extension: Extension): string {
  if (!("obstacles" in refusal) || !refusal.obstacles.includes("too_long")) return nextStep(refusal, ask);
  const most = longestExtension(extension, refusal.rule.maxDuration);
  if (most === 0) return `Ask anew: phi request ${ask.resource} --role ${ask.role}`;
  return `The longest that is possible: phi extend ${extension.of} --for ${formatDuration(most)}`;
}
