import type { HeartbeatReply } from "@phi/shared/contract/lease";
import { formatDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { type LeaseId, parseId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import { idleAt, isWatched } from "../domain/idleness.js";
import type { AskedLease, Lease } from "../domain/lease.js";
import { keepAlive } from "../domain/lease-moves.js";
import { samePrincipal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";

/** How long before the end of an idle window its user is warned at most, in ms. */
const WARN_WITHIN = 120_000;

interface Needs {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** A window is not extended so often. */
const MOST_RACES = 5;

/**
 * Loads a lease for the one who holds it.
 *
 * @throws PhiError `not_found` for everybody else
 */
export function createOpenLease({ ledger }: { readonly ledger: Ledger }) {
  return async function openLease(caller: Caller, typed: string): Promise<{ lease: AskedLease; request: Request }> {
    const id: LeaseId | undefined = parseId("lease", typed);
    const found = id && (await ledger.leaseWithRequest(id));
    if (found === undefined || !samePrincipal(found.request.requester, caller.principal)) {
      throw new PhiError("not_found", "There is no such lease, or it is not yours.");
    }
    return found;
  };
}

/** A heartbeat keeps a command lease alive; the one acknowledgement of a window lease says that its secret arrived. */
export function createKeepLease({ ledger, clock }: Needs) {
  const openLease = createOpenLease({ ledger });
  return async function keepLease(caller: Caller, typed: string): Promise<HeartbeatReply> {
    let { lease, request } = await openLease(caller, typed);
    const now = clock.now();
    for (let race = 0; lease.state === "active" && race < MOST_RACES; race++) {
      if ((await ledger.shift(keepAlive(lease, now))) === "moved") break;
      // It has ended, or its window was extended just now.
      ({ lease, request } = await openLease(caller, typed));
    }
    if (lease.state !== "active") return ended(lease, request);
    const end = request.state === "active" ? Math.min(request.expiresAt, lease.expiresAt) : lease.expiresAt;
    return { state: "active", expiresInMs: Math.max(0, end - now), ...idleSoon(request, now) };
  };
}

/** Worth a word when a third of the idle time is left, or two minutes. */
function idleSoon(request: Request, now: Instant): { idleEndsInMs?: number } {
  if (!isWatched(request)) return {};
  const left = idleAt(request) - now;
  return left <= Math.min(WARN_WITHIN, (request.idleTimeout * 1_000) / 3) ? { idleEndsInMs: Math.max(0, left) } : {};
}

function ended(lease: Lease, request: Request): HeartbeatReply {
  return { state: "ended", expiresInMs: 0, endedBecause: endedBecause(lease, request) };
}

/** Told to the CLI, which stops its command, or explains its end: the reason, with the comment of whoever took the access back. */
export function endedBecause(lease: Lease, request: Request): string {
  const because = "because" in lease ? lease.because : "window_over";
  if (because === "idle" && request.idleTimeout !== undefined) return `idle: ${formatDuration(request.idleTimeout)}`;
  return because === "revoked" && request.endComment !== undefined ? `revoked: ${request.endComment}` : because;
}
