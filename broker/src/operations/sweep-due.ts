import { newId } from "@phi/shared/ids";
import { toRfc3339 } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import { dueReason, type Lease, OVERDUE_AFTER } from "../domain/lease.js";
import { beginRevocation, type Claimed, takeOver } from "../domain/lease-moves.js";
import { type Request, requestDue } from "../domain/request.js";
import type { Change } from "../ports/change.js";
import type { Clock } from "../ports/clock.js";
import type { Delegations } from "../ports/delegations.js";
import type { Ledger } from "../ports/ledger.js";
import { endOverDelegations } from "./delegate.js";
import { endOnce } from "./end-once.js";
import type { FollowWindow } from "./follow-window.js";
import type { RevocationLanes, Room } from "./revocation-lanes.js";
import { tellLateReviews } from "./tell-late-reviews.js";

interface Needs {
  readonly ledger: Ledger;
  readonly delegations: Delegations;
  readonly clock: Clock;
  readonly lanes: RevocationLanes;
  readonly followWindow: FollowWindow;
  /** Every configured resource. */
  readonly resources: readonly string[];
}

/** What one pass takes at once; the rest is taken by the next pass, which follows at once. */
const BATCH = 500;
/** … and of what is late or cannot be tried now. */
const BATCH_OF_ONE = 250;
/** A session whose lease is gone this long, in ms, and whose CLI never reported, is ended by the broker. */
const FORSAKEN_AFTER = 60_000;
/** How often those are looked for, in ms. */
const FORSAKEN_EVERY = 10_000;

export interface SweepDue {
  /** One pass over all that is due. Resolves when the ledger is written, with whether more is due now; the targets are worked on meanwhile. */
  pass(): Promise<{ readonly more: boolean }>;
  /** Resolves when no target is being worked on. */
  idle(): Promise<void>;
}

/** Moves on whatever's instant has come: requests lapse or end, leases are revoked. One slow or dead target delays no other. */
export function createSweepDue({ ledger, delegations, clock, lanes, followWindow, resources }: Needs): SweepDue {
  let forsakenDue = 0;

  return {
    async pass() {
      const now = clock.now();
      const requests = await ledger.dueRequests(now, BATCH);
      await Promise.all(requests.map((request) => closeDue(request, now)));

      const full = resources.filter((resource) => isFull(lanes.room(resource)));
      const due = await ledger.dueLeases(now, BATCH, full);
      const left = await Promise.all(
        [...byResource(due)].map(([resource, leases]) => take(resource, leases, lanes.room(resource), now)),
      );
      await followWindow.pass();
      await markOverdue(now);
      if (now >= forsakenDue || now < forsakenDue - FORSAKEN_EVERY) {
        forsakenDue = now + FORSAKEN_EVERY;
        await endForsaken(now);
        await tellLateReviews(ledger, now);
        await endOverDelegations(ledger, delegations, now);
      }
      return { more: requests.length === BATCH || due.length === BATCH || left.some(Boolean) };
    },
    async idle() {
      await Promise.all([lanes.idle(), followWindow.idle()]);
    },
  };

  /** Claims as much of one resource as its lane has room for; whether some of it is left that could be moved on now. */
  async function take(resource: string, leases: readonly Lease[], room: Room, now: number): Promise<boolean> {
    if (room.may === "wait") {
      // Nobody tries a target that does not answer. What ends meanwhile is `revoking` at once all the same.
      await Promise.all(leases.slice(0, BATCH_OF_ONE).map((lease) => begin(lease, now, room.until)));
      await ledger.postponeDue(resource, now, room.until);
      return leases.length > BATCH_OF_ONE;
    }
    const claims = await Promise.all(leases.slice(0, room.most).map((lease) => claim(lease, now)));
    void lanes.submit(claims.filter((lease) => lease !== undefined));
    return false;
  }

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
      guard: {
        do: "advance_request",
        id: request.id,
        from: request.state,
        to: due.move,
        dueAt: null,
        endsAt: ended ? due.at : undefined,
        set,
      },
      follow: [{ do: "revoke_leases_of", requestId: request.id, because: "window_over", since: due.at, at: now }],
      events: [event],
    };
    await ledger.commit(change);
  }

  /** Takes the lease for an attempt by this process; `undefined` when somebody else did, or it changed meanwhile. */
  async function claim(lease: Lease, now: number): Promise<Claimed | undefined> {
    if (lease.state !== "revoking") return begin(lease, now);
    const taken = takeOver(lease, now);
    return (await ledger.shift(taken)) === "moved" ? taken.claimed : undefined;
  }

  /** Begins the revocation of a lease that is due: for an attempt by this process, or for anybody's at `notBefore`. */
  async function begin(lease: Lease, now: number, notBefore?: number): Promise<Claimed | undefined> {
    if (lease.state !== "issuing" && lease.state !== "active") return undefined;
    const because = dueReason(lease, now);
    const begun = beginRevocation(lease, because, {
      now,
      since: because === "window_over" ? lease.expiresAt : now,
      ...(notBefore === undefined ? {} : { hold: false, notBefore }),
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
      // What was due by an end that has been moved meanwhile is not due.
      guard: { do: "advance_lease", advance: { ...begun, expiresAt: lease.expiresAt } },
      // At the end of the window the CLI still reports its command's exit; a CLI that fell silent does not.
      follow:
        because === "window_over" || lease.sessionId === undefined
          ? []
          : [{ do: "end_session", id: lease.sessionId, end, event: sessionEnded }, ...endOnce(lease, because, now)],
      events: [{ ...about, id: newId("event"), kind: "lease.revoking", data: { because, handle: lease.handleText } }],
    });
    return outcome === "moved" ? begun.claimed : undefined;
  }

  /** Loud once it is late, also where nothing is tried for want of an answer. */
  async function markOverdue(now: number): Promise<void> {
    const late = await ledger.lateLeases(now - OVERDUE_AFTER, BATCH_OF_ONE);
    await Promise.all(
      late.map((lease) =>
        ledger.commit({
          guard: { do: "mark_overdue", id: lease.id, since: lease.revokingSince },
          events: [
            {
              id: newId("event"),
              at: now,
              kind: "lease.overdue",
              resource: lease.resource,
              requestId: lease.requestId,
              leaseId: lease.id,
              sessionId: lease.sessionId,
              data: { handle: lease.handleText, because: lease.because, since: toRfc3339(lease.revokingSince) },
            },
          ],
        }),
      ),
    );
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

function isFull(room: Room): boolean {
  return room.may === "take" && room.most === 0;
}

function byResource(leases: readonly Lease[]): Map<string, Lease[]> {
  const found = new Map<string, Lease[]>();
  for (const lease of leases) {
    const others = found.get(lease.resource);
    if (others === undefined) found.set(lease.resource, [lease]);
    else others.push(lease);
  }
  return found;
}
