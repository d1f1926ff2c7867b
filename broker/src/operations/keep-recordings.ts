import { newId } from "@phi/shared/ids";
import { isAsked } from "../domain/lease.js";
import { beginRevocation } from "../domain/lease-moves.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Recording, Recordings } from "../ports/recordings.js";
import { LATE_PIECES } from "./record-session.js";
import { recordedUpTo, recordingFailed, recordingRemoved } from "./recording-events.js";
import type { RevokeLeases } from "./revoke-leases.js";

interface Needs {
  readonly ledger: Pick<Ledger, "commit" | "lease">;
  readonly recordings: Pick<Recordings, "unrecorded" | "unfinished" | "older" | "session">;
  readonly revokeLeases: RevokeLeases;
  readonly clock: Clock;
  /** Recordings are kept so long, in ms. */
  readonly keepFor: number;
}

/** A session that must be recorded, and of which nothing has come after so long, in ms, loses its access. */
const BEGIN_WITHIN = 30_000;
/** Done at once in one pass. */
const BATCH = 50;

/** What nobody's CLI does: a required recording that is not there ends the access, one that was left is closed, an old one goes. */
export function createKeepRecordings({ ledger, recordings, revokeLeases, clock, keepFor }: Needs) {
  return async function keepRecordings(): Promise<void> {
    const now = clock.now();
    for (const one of await recordings.unrecorded(now - BEGIN_WITHIN, BATCH)) await cutOff(one, now);
    for (const one of await recordings.unfinished(now - LATE_PIECES, BATCH)) await close(one, now);
    for (const one of await recordings.older(now - keepFor, BATCH)) await remove(one, now);
  };

  async function cutOff({ sessionId, leaseId }: Awaited<ReturnType<Recordings["unrecorded"]>>[number], now: number) {
    const lease = await ledger.lease(leaseId);
    const session = await recordings.session(sessionId);
    if (lease === undefined || session === undefined || !isAsked(lease) || lease.state !== "active") return;
    const begun = beginRevocation(lease, "recording_failed", { now });
    const outcome = await ledger.commit({
      guard: { do: "advance_lease", advance: begun },
      events: [
        {
          ...recordingFailed(session, now, "nothing_came"),
          id: newId("event"),
          kind: "lease.revoking",
          data: { because: "recording_failed", handle: lease.handleText },
        },
        recordingFailed(session, now, "nothing_came"),
      ],
    });
    if (outcome === "moved") void revokeLeases.claimed([begun.claimed]).catch(() => undefined);
  }

  async function close(
    { sessionId, logged: from, chunks: pieces, bytes, chain }: Recording,
    at: number,
  ): Promise<void> {
    const session = await recordings.session(sessionId);
    if (session === undefined) return;
    await ledger.commit({
      guard: { do: "close_recording", sessionId, to: "unfinished", chunks: pieces, at },
      events: [
        recordedUpTo(session, at, { from, pieces, bytes, chain, state: "unfinished" }),
        recordingFailed(session, at, "end_missing"),
      ],
    });
  }

  async function remove({ sessionId, chunks: pieces, bytes }: Recording, at: number): Promise<void> {
    const session = await recordings.session(sessionId);
    if (session === undefined) return;
    await ledger.commit({
      guard: { do: "remove_recording", sessionId, at },
      events: [recordingRemoved(session, at, { pieces, bytes })],
    });
  }
}
