import type { LeaseEndOrder, LeaseEndReply } from "@phi/shared/contract/lease";
import { newId } from "@phi/shared/ids";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Caller } from "../domain/caller.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import { createOpenLease } from "./keep-lease.js";
import { CLAIM_FOR, type RevokeLeases } from "./revoke-leases.js";

interface Needs {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly revokeLeases: RevokeLeases;
}

/** How long the end of a command waits for the proof, in ms; after it the answer is `revoking` and the loop goes on. */
const WAIT_FOR_PROOF = 5_000;

/** The command is over: its session ends and its lease is revoked, proven before the answer when the target is quick. */
export function createEndLease({ ledger, clock, revokeLeases }: Needs) {
  const openLease = createOpenLease({ ledger });
  return async function endLease(caller: Caller, typed: string, order: LeaseEndOrder): Promise<LeaseEndReply> {
    const { lease } = await openLease(caller, typed);
    const at = clock.now();
    const about = {
      at,
      actor: caller.principal,
      resource: lease.resource,
      requestId: lease.requestId,
      leaseId: lease.id,
      sessionId: lease.sessionId,
    };
    const sessionEnd = {
      do: "end_session",
      id: lease.sessionId,
      end: { exitCode: order.exitCode, signal: order.signal, because: order.because, at },
    } as const;
    const sessionEnded: AuditEntry = {
      ...about,
      id: newId("event"),
      kind: "session.ended",
      data: { exitCode: order.exitCode, signal: order.signal, because: order.because },
    };

    if (lease.state === "active" || lease.state === "issuing") {
      const until = at + CLAIM_FOR;
      const outcome = await ledger.commit({
        guard: {
          do: "advance_lease",
          id: lease.id,
          from: lease.state,
          epoch: lease.epoch,
          claim: true,
          move: { to: "revoking", because: order.because, revokingSince: at, dueAt: until },
        },
        follow: [{ ...sessionEnd, event: sessionEnded }],
        events: [
          {
            ...about,
            id: newId("event"),
            kind: "lease.revoking",
            data: { because: order.because, handle: lease.handleText },
          },
        ],
      });
      if (outcome === "moved") {
        const attempt = revokeLeases.claimed([
          {
            ...lease,
            state: "revoking",
            epoch: lease.epoch + 1,
            because: order.because,
            revokingSince: at,
            nextAttempt: until,
            attempts: 0,
            lastError: undefined,
            overdueSince: undefined,
          },
        ]);
        const proven = await Promise.race([attempt, tooLong()]);
        return { state: proven?.has(lease.id) === true ? "revoked" : "revoking" };
      }
    }
    // The window closed, or the heartbeat was lost, before the command's end was heard of.
    await ledger.commit({ guard: sessionEnd, events: [sessionEnded] });
    const after = await ledger.lease(lease.id);
    return { state: after?.state === "revoked" ? "revoked" : "revoking" };
  };
}

function tooLong(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), WAIT_FOR_PROOF).unref());
}
