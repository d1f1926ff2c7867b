import type { LeaseOrder } from "@phi/shared/contract/lease";
import type { RecordingRules } from "@phi/shared/contract/recording";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import { toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Caller } from "../domain/caller.js";
import { type AskedLease, CREATE_WITHIN, type Lease } from "../domain/lease.js";
import { activate as activateLease, beginRevocation, type Issuing } from "../domain/lease-moves.js";
import { type Request, windowEnd } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger, Session } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { Credential } from "../ports/provider.js";
import type { FindUsableRequest, Usable } from "./find-usable-request.js";
import { lockedOut, throwIfLocked } from "./locked-out.js";
import type { OpenTarget, Target } from "./open-target.js";
import type { RevokeLeases } from "./revoke-leases.js";

/** A target that has not answered after this, in ms, is given up; the lease is then revoked as if it had succeeded. */
const ISSUE_WITHIN = 10_000;

interface Needs {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly brokerTag: string;
  readonly findUsableRequest: FindUsableRequest;
  readonly openTarget: OpenTarget;
  readonly revokeLeases: RevokeLeases;
  readonly locks: Locks;
}

/** Refusals that are facts worth keeping. */
const REFUSALS = ["no_usable_request", "window_over", "not_permitted", "recording_required"];

export interface Issued {
  readonly lease: AskedLease;
  readonly request: Request;
  readonly credential: Credential;
  /** End of the window; `expiresInMs` is how far off it is by the broker's clock. */
  readonly expiresAt: number;
  readonly expiresInMs: number;
  /** What the CLI is to record of the session. */
  readonly recording: RecordingRules | undefined;
}

/**
 * Makes one credential for one command: on record, created, activated, handed over, in this order (`design §3`).
 * The request's window begins with its first successful lease, so a target that is down costs nobody their window.
 *
 * @throws PhiError `no_usable_request`, `several_usable_requests`, `window_over`, `target_unavailable`, `target_refused`,
 *   `locked`, `refused_by_policy`, `wrong_state`, `store_unavailable`
 */
export function createIssueLease({
  ledger,
  clock,
  brokerTag,
  findUsableRequest,
  openTarget,
  revokeLeases,
  locks,
}: Needs) {
  return async function issueLease(caller: Caller, order: LeaseOrder, idempotencyKey?: string): Promise<Issued> {
    const request = await findUsableRequest(caller, order).catch((error: unknown) => refused(caller, order, error));
    const target = await openTarget(caller, request);
    const recording = await recordingOf(request, target, order).catch((error: unknown) =>
      refused(caller, order, error),
    );
    const lease = plan(request, target, order.use);
    await record(caller, request, lease, { ...order, recording: recording?.mode }, idempotencyKey);

    let credential: Credential;
    try {
      credential = await target.provider.issue(
        {
          config: target.resource.config,
          role: target.role,
          leaseId: lease.id,
          requestId: request.id,
          principal: printable(caller.principal.name, 100),
          createBy: lease.createBy,
          expiresAt: lease.expiresAt,
        },
        lease.handle,
        AbortSignal.timeout(ISSUE_WITHIN),
      );
    } catch (error) {
      await giveUp(lease, error);
      throw error;
    }
    return { ...(await activate(caller, request, lease, order, target, credential)), recording };
  };

  /** What is to be recorded of this session, if it can be; what must be and cannot is refused before anything is made. */
  async function recordingOf(request: Usable, { recording }: Target, order: LeaseOrder) {
    if (recording === undefined) return undefined;
    if (order.terminal && order.use === "command") return recording;
    if (recording.mode === "terminal") return undefined;
    throw new PhiError(
      "recording_required",
      `What is done as ${request.role} on ${request.resource} must be recorded, and this has no terminal to record.`,
      { hint: "run it at a terminal with phi exec or phi shell, without pipes or files on its input and output" },
    );
  }

  /** That somebody wanted a credential and got none is a fact worth keeping; an ambiguous call is only a question. */
  async function refused(caller: Caller, order: LeaseOrder, error: unknown): Promise<never> {
    if (error instanceof PhiError && REFUSALS.includes(error.code)) {
      // A lock ended what there was.
      const lock = await locks.on({ principal: caller.principal, resource: order.resource });
      const why = lock === undefined ? error : lockedOut(lock);
      await ledger.record({
        id: newId("event"),
        at: clock.now(),
        kind: "lease.refused",
        actor: caller.principal,
        data: { because: why.message, request: shown(order.request), resource: shown(order.resource) },
      });
      throw why;
    }
    throw error;
  }

  function plan(request: Usable, target: Target, use: "command" | "window"): Issuing {
    const now = clock.now();
    const id = newId("lease");
    const handle = target.provider.plan(brokerTag, id);
    return {
      id,
      requestId: request.id,
      sessionId: newId("session"),
      resource: request.resource,
      kind: target.resource.kind,
      use,
      handle,
      handleText: target.provider.describe(handle),
      epoch: 0,
      createdAt: now,
      createBy: now + CREATE_WITHIN,
      expiresAt: windowEnd(request, now),
      state: "issuing",
    };
  }

  async function record(
    caller: Caller,
    request: Usable,
    lease: Issuing,
    order: LeaseOrder & Pick<Session, "recording">,
    idempotencyKey?: string,
  ): Promise<void> {
    const session: Session = {
      id: lease.sessionId,
      leaseId: lease.id,
      requestId: request.id,
      command: order.command.map((word) => printable(word, 1_000)),
      host: printable(order.host, 255),
      startedAt: lease.createdAt,
      recording: order.recording,
    };
    const outcome = await ledger
      .commit({
        guard: { do: "insert_lease", lease, session, at: lease.createdAt, idempotencyKey },
        events: [
          event(lease, "lease.planned", caller, {
            handle: lease.handleText,
            role: request.role,
            createBy: toRfc3339(lease.createBy),
          }),
        ],
      })
      .catch((error: unknown) => {
        if (!(error instanceof PhiError) || error.data?.conflict !== true) throw error;
        throw new PhiError(
          "wrong_state",
          "The credential of this call was made already, and no credential is handed over twice.",
          {
            hint: "Run the command again: it gets a new one. The first is revoked by itself when nobody uses it.",
          },
        );
      });
    if (outcome === "lost_race") {
      await throwIfLocked(locks, { principal: caller.principal, resource: request.resource });
      throw request.once ? usedOnce(request) : windowOver(request);
    }
  }

  async function activate(
    caller: Caller,
    request: Usable,
    lease: Issuing,
    order: LeaseOrder,
    target: Target,
    credential: Credential,
  ): Promise<Omit<Issued, "recording">> {
    const now = clock.now();
    const activation = activateLease(lease, now);
    const outcome = await ledger.commit({
      guard: { do: "advance_lease", advance: activation },
      // A window that has begun begins no second time.
      follow:
        request.state === "active"
          ? []
          : [
              {
                do: "advance_request",
                id: request.id,
                from: "approved",
                to: "active",
                dueAt: lease.expiresAt,
                set: { startedAt: lease.createdAt, expiresAt: lease.expiresAt },
                event: {
                  id: newId("event"),
                  at: now,
                  kind: "request.started",
                  actor: caller.principal,
                  resource: request.resource,
                  requestId: request.id,
                  data: { starts: "first_use", expiresAt: toRfc3339(lease.expiresAt) },
                },
              },
            ],
      events: [
        event(lease, "lease.issued", caller, {
          handle: lease.handleText,
          role: request.role,
          use: lease.use,
          tookMs: now - lease.createdAt,
        }),
        event(lease, "session.started", caller, {
          command: order.command.map((word) => printable(word, 1_000)),
          host: printable(order.host, 255),
        }),
      ],
    });
    if (outcome === "lost_race") {
      const current = await ledger.lease(lease.id);
      // Its window was extended meanwhile; the target follows.
      if (current?.state === "issuing" && current.expiresAt !== lease.expiresAt)
        return activate(caller, request, { ...lease, expiresAt: current.expiresAt }, order, target, credential);
      // Its revocation has begun meanwhile, perhaps with a drop before our create landed: dropped at once, and again by its revoker.
      await target.provider.revoke(target.resource.config, [lease], AbortSignal.timeout(ISSUE_WITHIN)).catch(() => []);
      throw windowOver(request);
    }
    // Two first uses at once: the window is the one that the ledger took.
    const current = request.state === "active" ? request : await ledger.request(request.id);
    const expiresAt = current?.state === "active" ? Math.min(current.expiresAt, lease.expiresAt) : lease.expiresAt;
    return {
      lease: activation.active,
      request: current ?? request,
      credential,
      expiresAt,
      expiresInMs: Math.max(0, expiresAt - clock.now()),
    };
  }

  /** The outcome on the target is unknown, so the lease is revoked as if the credential existed. */
  async function giveUp(lease: Issuing, error: unknown): Promise<void> {
    const at = clock.now();
    const message = error instanceof PhiError ? error.message : "phi failed";
    await ledger.commit({
      guard: { do: "advance_lease", advance: beginRevocation(lease, "issue_failed", { now: at, hold: false }) },
      follow: [
        {
          do: "end_session",
          id: lease.sessionId,
          end: { because: "not_started", at, exitCode: undefined, signal: undefined },
        },
      ],
      events: [
        event(lease, "lease.issue_failed", undefined, { handle: lease.handleText, error: printable(message, 300) }),
      ],
    });
    // Not awaited: the caller need not wait for a target that has just failed them. The loop takes over what fails here.
    void revokeLeases.ofRequest(lease.requestId).catch(() => undefined);
  }

  function event(
    lease: Lease,
    kind: AuditEntry["kind"],
    caller: Caller | undefined,
    data: Record<string, unknown>,
  ): AuditEntry {
    return {
      id: newId("event"),
      at: clock.now(),
      kind,
      actor: caller?.principal,
      resource: lease.resource,
      requestId: lease.requestId,
      leaseId: lease.id,
      sessionId: lease.sessionId,
      data,
    };
  }
}

/** What the caller typed, as the log may keep it. */
function shown(typed: string | undefined): string | undefined {
  return typed === undefined ? undefined : printable(typed, 64);
}

function usedOnce(request: Request): PhiError {
  return new PhiError("no_usable_request", `${request.id} is for one command, and has its command.`, {
    hint: `Ask again: phi request ${request.resource} --role ${request.role}`,
  });
}

function windowOver(request: Request): PhiError {
  return new PhiError("window_over", `The window of ${request.id} is over.`, {
    hint: `Ask again: phi request ${request.resource} --role ${request.role}`,
  });
}
