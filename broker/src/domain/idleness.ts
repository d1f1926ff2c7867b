import type { Instant } from "@phi/shared/time";
import type { Lease } from "./lease.js";
import type { Request } from "./request.js";

/** A window that ends when nothing is done with it. */
export type Watched = Extract<Request, { state: "active" }> & { readonly idleTimeout: number };

export function isWatched(request: Request): request is Watched {
  return request.state === "active" && request.idleTimeout !== undefined;
}

/** Ten looks in one idle time, but no more often and no less often than this, in ms. */
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 60_000;
/** Without a look for so many pauses it is not known whether it was used meanwhile. */
const PAUSES_ALLOWED = 3;

/** How long the next look may wait, in ms. */
function pauseOf({ idleTimeout }: Watched): number {
  return Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, idleTimeout * 100));
}

/** When the broker must look next: in its turn, or when the window could be idle. */
export function nextLook(request: Watched): Instant {
  const looked = request.lookedAt ?? request.startedAt;
  return Math.max(looked + SHORTEST_PAUSE, Math.min(looked + pauseOf(request), idleAt(request)));
}

/** When it ends as idle if nothing more is done. */
export function idleAt(request: Watched): Instant {
  return (request.activeAt ?? request.startedAt) + request.idleTimeout * 1_000;
}

/** Whether the credential may still be on its target. */
export function mayBeThere({ state }: Lease): boolean {
  return state !== "revoked";
}

/**
 * What a look that was answered says of a window, over all its leases together. Use is what the target saw, and that a credential was
 * asked for, which is about to be used. What nobody saw is no idleness: after a pause that was too long, of a broker that was down or a target
 * that did not answer, the time counts from now.
 *
 * @param idleFor ms since anything was last done in any session that is open; `undefined` when none is
 */
export function judgeUse(
  request: Watched,
  leases: readonly Lease[],
  { at, idleFor }: { readonly at: Instant; readonly idleFor: number | undefined },
): { readonly activeAt: Instant; readonly isIdle: boolean } {
  const looked = request.lookedAt ?? request.startedAt;
  const couldBeUsed = leases.some((lease) => lease.state !== "revoked" || lease.revokedAt > looked);
  const isUnknown = couldBeUsed && at - looked > pauseOf(request) * PAUSES_ALLOWED;
  const known = [
    request.startedAt,
    ...(request.activeAt === undefined ? [] : [request.activeAt]),
    ...leases.map((lease) => lease.createdAt),
    ...(idleFor === undefined ? [] : [at - Math.max(0, idleFor)]),
  ];
  const activeAt = isUnknown ? at : Math.min(at, Math.max(...known));
  return { activeAt, isIdle: at - activeAt >= request.idleTimeout * 1_000 };
}
