import { newId } from "@phi/shared/ids";
import type { AuditEntry } from "../domain/audit-event.js";
import { dueReason, type Lease } from "../domain/lease.js";
import { beginRevocation, type Claimed, takeOver } from "../domain/lease-moves.js";
import { type Request, requestDue } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Change, Ledger } from "../ports/ledger.js";
import type { RevokeLeases } from "./revoke-leases.js";

interface Needs {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly revokeLeases: RevokeLeases;
}

/** What one pass takes at once; the rest is taken by the next pass, which follows at once. */
const BATCH = 500;
/** A session whose lease is gone this long, in ms, and whose CLI never reported, is ended by the broker. */
const FORSAKEN_AFTER = 60_000;
/** How often those are looked for, in ms. */
const FORSAKEN_EVERY = 10_000;

export interface SweepDue {
  /** One pass over all that is due. Resolves when the ledger is written; the targets are worked on meanwhile. */
  pass(): Promise<void>;
  /** Resolves when no target is being worked on. */
  idle(): Promise<void>;
}

/** Moves on whatever's instant has come: requests lapse or end, leases are revoked. One slow target delays no other. */
export function createSweepDue({ ledger, clock, revokeLeases }: Needs): SweepDue {
  /** Resources with an attempt under way; their further leases wait for the next pass, together. */
  const busy = new Map<string, Promise<void>>();
  let forsakenDue = 0;

  return {
    async pass() {
      const now = clock.now();
      const requests = await ledger.dueRequests(now, BATCH);
      await Promise.all(requests.map((request) => closeDue(request, now)));

      const due = await ledger.dueLeases(now, BATCH, [...busy.keys()]);
      const claims = await Promise.all(due.map((lease) => claim(lease, now)));
      const byResource = new Map<string, Claimed[]>();
      for (const lease of claims) {
        if (lease === undefined) continue;
        const others = byResource.get(lease.resource);
        if (others === undefined) byResource.set(lease.resource, [lease]);
        else others.push(lease);
      }
      for (const [resource, leases] of byResource) {
        const work = revokeLeases.claimed(leases).then(
          () => undefined,
          () => undefined, // the store failed: the claims end by themselves and are taken again
        );
        busy.set(resource, work);
        void work.then(() => busy.delete(resource));
      }
      if (now >= forsakenDue || now < forsakenDue - FORSAKEN_EVERY) {
        forsakenDue = now + FORSAKEN_EVERY;
        await endForsaken(now);
      }
    },
    async idle() {
      await Promise.all(busy.values());
    },
  };

  async function closeDue(request: Request, now: number): Promise<void> {
    const due = requestDue(request);
    if (due === undefined || due.at > now) return;
    const ended = due.move === "ended";
    const event = {
      id: newId("event"),
      at: now,
      resource: request.resource,
      requestId: request.id,
      ...(ended
        ? { kind: "request.ended" as const, data: { because: "expired" } }
        : {
            kind: "request.lapsed" as const,
            data: { because: request.state === "pending" ? "unanswered" : "unused" },
          }),
    };
    const set = ended ? { endedAt: due.at, endedBecause: "expired" as const } : { endedAt: due.at };
    const change: Change = {
      guard: { do: "advance_request", id: request.id, from: request.state, to: due.move, dueAt: null, set },
      follow: [{ do: "revoke_leases_of", requestId: request.id, because: "window_over", since: due.at, at: now }],
      events: [event],
    };
    await ledger.commit(change);
  }

  /** Takes the lease for an attempt by this process; `undefined` when somebody else did, or it changed meanwhile. */
  async function claim(lease: Lease, now: number): Promise<Claimed | undefined> {
    switch (lease.state) {
      case "revoking": {
        const take = takeOver(lease, now);
        return (await ledger.shift(take)) === "moved" ? take.claimed : undefined;
      }
      case "issuing":
      case "active": {
        const because = dueReason(lease, now);
        const begun = beginRevocation(lease, because, {
          now,
          since: because === "window_over" ? lease.expiresAt : now,
        });
        const about = {
          at: now,
          resource: lease.resource,
          requestId: lease.requestId,
          leaseId: lease.id,
          sessionId: lease.sessionId,
        };
        const end = { because, at: now, exitCode: undefined, signal: undefined };
        const sessionEnded: AuditEntry = { ...about, id: newId("event"), kind: "session.ended", data: { because } };
        const outcome = await ledger.commit({
          guard: { do: "advance_lease", advance: begun },
          // At the end of the window the CLI still reports its command's exit; a CLI that fell silent does not.
          follow:
            because === "window_over" ? [] : [{ do: "end_session", id: lease.sessionId, end, event: sessionEnded }],
          events: [
            { ...about, id: newId("event"), kind: "lease.revoking", data: { because, handle: lease.handleText } },
          ],
        });
        return outcome === "moved" ? begun.claimed : undefined;
      }
      case "revoked":
      case "abandoned":
        return undefined;
    }
  }

  async function endForsaken(now: number): Promise<void> {
    const forsaken = await ledger.forsakenSessions(now - FORSAKEN_AFTER, BATCH);
    await Promise.all(
      forsaken.map(({ session, resource }) =>
        ledger.commit({
          guard: {
            do: "end_session",
            id: session.id,
            end: { because: "not_reported", at: now, exitCode: undefined, signal: undefined },
          },
          events: [
            {
              id: newId("event"),
              at: now,
              kind: "session.ended",
              resource,
              requestId: session.requestId,
              leaseId: session.leaseId,
              sessionId: session.id,
              data: { because: "not_reported" },
            },
          ],
        }),
      ),
    );
  }
}
