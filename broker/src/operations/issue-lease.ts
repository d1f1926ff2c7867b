import type { LeaseOrder } from "@phi/shared/contract/lease";
import type { RecordingRules } from "@phi/shared/contract/recording";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { toRfc3339 } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import type { Issuing } from "../domain/lease-moves.js";
import type { Request } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger, Session } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { Credential } from "../ports/provider.js";
import { type Activated, createActivateLease } from "./activate-lease.js";
import { type FindUsableRequest, type Usable, windowOver } from "./find-usable-request.js";
import { createGiveUpLease } from "./give-up-lease.js";
import { leaseEvent } from "./lease-event.js";
import { throwIfLocked } from "./locked-out.js";
import type { OpenTarget, Target } from "./open-target.js";
import { planLease } from "./plan-lease.js";
import { createRefuseLease } from "./refuse-lease.js";
import type { RevokeLeases } from "./revoke-leases.js";

/** A target that has not answered after this, in ms, is given up; the lease is then revoked as if it had succeeded. */
const ISSUE_WITHIN = 10_000;
/** A window may be extended between the look and the record; more than that, and something is wrong. */
const MOST_PLANS = 3;

interface Needs {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly brokerTag: string;
  readonly findUsableRequest: FindUsableRequest;
  readonly openTarget: OpenTarget;
  readonly revokeLeases: RevokeLeases;
  readonly locks: Locks;
}

export interface Issued extends Activated {
  readonly credential: Credential;
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
export function createIssueLease(needs: Needs) {
  const { ledger, clock, brokerTag, findUsableRequest, openTarget, locks } = needs;
  const refuseLease = createRefuseLease(needs);
  const activateLease = createActivateLease(needs);
  const giveUpLease = createGiveUpLease(needs);

  return async function issueLease(caller: Caller, order: LeaseOrder, idempotencyKey?: string): Promise<Issued> {
    const found = await findUsableRequest(caller, order).catch((error: unknown) => refuseLease(caller, order, error));
    const target = await openTarget(caller, found);
    const recording = await recordingOf(found, target, order).catch((error: unknown) =>
      refuseLease(caller, order, error),
    );
    const recorded = { ...order, recording: recording?.mode };
    const { request, lease } = await plan(caller, found, target, recorded, idempotencyKey);

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
      await giveUpLease(lease, error);
      throw error;
    }
    return { ...(await activateLease(caller, request, target, lease, order)), credential, recording };
  };

  /** A lease on record, and its request as it was then. */
  async function plan(
    caller: Caller,
    found: Usable,
    target: Target,
    order: LeaseOrder & Pick<Session, "recording">,
    idempotencyKey: string | undefined,
  ): Promise<{ request: Usable; lease: Issuing }> {
    let request = found;
    for (let plans = 0; plans < MOST_PLANS; plans++) {
      const lease = planLease(request, target, { use: order.use, brokerTag, now: clock.now() });
      if (await record(caller, request, lease, order, idempotencyKey)) return { request, lease };
      const current = await ledger.request(request.id);
      if (current?.state !== "active" || current.expiresAt <= lease.expiresAt) break;
      request = current;
    }
    await throwIfLocked(locks, { principal: caller.principal, resource: request.resource });
    throw request.once ? usedOnce(request) : windowOver(request);
  }

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

  /** Whether it was recorded: not when its window is over, or longer than it was planned for. */
  async function record(
    caller: Caller,
    request: Usable,
    lease: Issuing,
    order: LeaseOrder & Pick<Session, "recording">,
    idempotencyKey: string | undefined,
  ): Promise<boolean> {
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
          leaseEvent(
            lease,
            "lease.planned",
            lease.createdAt,
            {
              handle: lease.handleText,
              role: request.role,
              createBy: toRfc3339(lease.createBy),
            },
            caller,
          ),
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
    return outcome === "moved";
  }
}

function usedOnce(request: Request): PhiError {
  return new PhiError("no_usable_request", `${request.id} is for one command, and has its command.`, {
    hint: `Ask again: phi request ${request.resource} --role ${request.role}`,
  });
}
