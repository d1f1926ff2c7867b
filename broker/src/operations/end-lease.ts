import type { LeaseEndOrder, LeaseEndReply } from "@phi/shared/contract/lease";
import { newId } from "@phi/shared/ids";
import type { AuditEntry } from "../domain/audit-event.js";
import type { Caller } from "../domain/caller.js";
import type { AskedLease } from "../domain/lease.js";
import { beginRevocation } from "../domain/lease-moves.js";
import type { Changes } from "../ports/changes.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import { endOnce } from "./end-once.js";
import { createOpenLease, endedBecause } from "./keep-lease.js";
import type { RevokeLeases } from "./revoke-leases.js";
import { waitForProof } from "./wait-for-proof.js";

interface Needs {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly changes: Changes;
  readonly revokeLeases: RevokeLeases;
}

/** Ends that the CLI itself reports. */
const OWN_ENDS = ["command_ended", "not_started"];

/** The command is over: its session ends and its lease is revoked, proven before the answer when the target is quick. */
export function createEndLease({ ledger, clock, changes, revokeLeases }: Needs) {
  const openLease = createOpenLease({ ledger });
  return async function endLease(caller: Caller, typed: string, order: LeaseEndOrder): Promise<LeaseEndReply> {
    const { lease, request } = await openLease(caller, typed);
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
      const begun = beginRevocation(lease, order.because, { now: at });
      const outcome = await ledger.commit({
        guard: { do: "advance_lease", advance: begun },
        follow: [{ ...sessionEnd, event: sessionEnded }, ...(request.once ? endOnce(lease, order.because, at) : [])],
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
        const proven = await waitForProof(revokeLeases.claimed([begun.claimed]));
        return { state: proven?.has(lease.id) === true ? "revoked" : "revoking" };
      }
    }
    // The window closed, or the heartbeat was lost, before the command's end was heard of: somebody else is revoking.
    await ledger.commit({ guard: sessionEnd, events: [sessionEnded] });
    const state = await proofOf(lease);
    const ended = await openLease(caller, typed);
    const because = endedBecause(ended.lease, ended.request);
    // Heard twice, the command's own end is no news.
    return OWN_ENDS.includes(because) ? { state } : { state, endedBecause: because };
  };

  /** Waits for the proof that another worker brings, a bounded time. */
  async function proofOf(lease: AskedLease): Promise<"revoked" | "revoking"> {
    let wake = () => {};
    const unsubscribe = changes.subscribe(lease.requestId, () => wake());
    let waiting = true;
    const proven = async () => {
      while (waiting) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if ((await ledger.lease(lease.id))?.state === "revoked") return true;
        await changed;
      }
      return false;
    };
    try {
      return (await waitForProof(proven())) === true ? "revoked" : "revoking";
    } finally {
      unsubscribe();
      waiting = false;
      wake();
    }
  }
}
