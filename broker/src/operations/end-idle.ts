import { newId } from "@phi/shared/ids";
import { toRfc3339 } from "@phi/shared/time";
import { isWatched, judgeUse, mayBeThere, nextLook, type Watched } from "../domain/idleness.js";
import type { Lease } from "../domain/lease.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger, Use } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";
import type { Activity } from "../ports/provider.js";
import type { RevocationLanes } from "./revocation-lanes.js";
import type { RevokeLeases } from "./revoke-leases.js";

interface Needs {
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly lanes: Pick<RevocationLanes, "room">;
  readonly revokeLeases: RevokeLeases;
  readonly clock: Clock;
  readonly log: Log;
  /** Cuts off what is under way on targets. */
  readonly stopping: AbortSignal;
}

/** Windows that are watched at a time; more than these wait for their turn, and are not taken for idle meanwhile. */
const MOST = 2_000;
/** One look at one target, in ms. */
const LOOK_WITHIN = 5_000;
/** Credentials that a target is asked about at once. */
const BATCH = 500;
/** After a look that failed the target is left alone for so long, in ms. */
const AFTER_FAILURE = 5_000;
/** Between two lines in the log that a target does not tell what is done, in ms. */
const SAID_EVERY = 3_600_000;

export interface EndIdle {
  /** Begins to look at every target whose turn it is, and waits for none. Resolves with the instant of the next turn, if there is one. */
  pass(): Promise<number | undefined>;
  /** Resolves when no target is being looked at. */
  idle(): Promise<void>;
}

/**
 * Ends windows that nobody uses, by what their targets see. A target that does not answer, or does not tell, ends nobody's window: what is
 * not known is no idleness, and the end of the window holds all the same. One dead target delays no other.
 */
export function createEndIdle({ ledger, catalogue, lanes, revokeLeases, clock, log, stopping }: Needs): EndIdle {
  const underWay = new Map<string, Promise<void>>();
  const notBefore = new Map<string, number>();
  const saidAt = new Map<string, number>();

  return {
    async pass() {
      const now = clock.now();
      const watched = (await ledger.watchedRequests(MOST)).filter(isWatched);
      const due = watched.filter((request) => turnOf(request) <= now && !underWay.has(request.resource));
      for (const [resource, requests] of byResource(due)) {
        const work = look(resource, requests)
          .catch((error: unknown) => {
            notBefore.set(resource, clock.now() + AFTER_FAILURE);
            log.warn("use of a target is not known", {
              resource,
              name: error instanceof Error ? error.name : "unknown",
              code: (error as { code?: unknown } | undefined)?.code,
            });
          })
          .finally(() => underWay.delete(resource));
        underWay.set(resource, work);
      }
      return watched.length === 0 ? undefined : Math.min(...watched.map(turnOf));
    },
    async idle() {
      await Promise.all(underWay.values());
    },
  };

  function turnOf(request: Watched): number {
    return Math.max(nextLook(request), notBefore.get(request.resource) ?? 0);
  }

  async function look(resource: string, requests: readonly Watched[]): Promise<void> {
    const leases = new Map<string, Lease[]>(requests.map(({ id }) => [id, []]));
    for (const lease of await ledger.leasesOf(requests.map(({ id }) => id)))
      if (lease.requestId !== undefined) leases.get(lease.requestId)?.push(lease);
    const activity = await ask(resource, [...leases.values()].flat().filter(mayBeThere));
    const at = clock.now();
    const seen: Use[] = [];
    for (const request of requests) {
      const own = leases.get(request.id) ?? [];
      const idleFor = together(own.filter(mayBeThere).map(({ id }) => activity.get(id)));
      if (idleFor === "unknown") continue;
      const { activeAt, isIdle } = judgeUse(request, own, { at, idleFor });
      if (isIdle) await end(request, activeAt, at);
      else seen.push({ requestId: request.id, activeAt, lookedAt: at });
    }
    if (seen.length > 0) await ledger.noteUse(seen);
    if (seen.length < requests.length) notBefore.set(resource, at + AFTER_FAILURE);
    else notBefore.delete(resource);
  }

  /** What the target says of these leases, by id; nothing of those that it was not, or could not be, asked about. */
  async function ask(name: string, leases: readonly Lease[]): Promise<Map<string, Activity>> {
    const told = new Map<string, Activity>();
    const resource = catalogue.resource(name);
    const provider = resource && catalogue.provider(resource.kind);
    if (leases.length === 0 || resource === undefined || lanes.room(name).may === "wait") return told;
    for (let from = 0; from < leases.length; from += BATCH) {
      const some = leases.slice(from, from + BATCH);
      const signal = AbortSignal.any([AbortSignal.timeout(LOOK_WITHIN), stopping]);
      const handles = some.map(({ handle }) => handle);
      const answers = (await provider?.activity?.(resource.config, handles, signal)) ?? [];
      some.forEach(({ id }, index) => {
        told.set(id, answers[index] ?? { seen: "unknown" });
      });
    }
    if ([...told.values()].some(({ seen }) => seen === "unknown")) sayUnknown(name);
    return told;
  }

  function sayUnknown(resource: string): void {
    const now = clock.now();
    if (now < (saidAt.get(resource) ?? 0) + SAID_EVERY) return;
    saidAt.set(resource, now);
    log.warn(
      "the target does not tell what is done on it, so nothing there ends as idle: see phi-broker config check",
      {
        resource,
      },
    );
  }

  async function end(request: Watched, activeAt: number, at: number): Promise<void> {
    const outcome = await ledger.commit({
      guard: { do: "end_idle", requestId: request.id, activeAt, at },
      follow: [{ do: "revoke_leases_of", requestId: request.id, because: "idle", since: at, at }],
      events: [
        {
          id: newId("event"),
          at,
          kind: "request.ended",
          resource: request.resource,
          requestId: request.id,
          data: { because: "idle", idleTimeout: request.idleTimeout, lastActiveAt: toRfc3339(activeAt) },
        },
      ],
    });
    // What fails here, the loop goes on with.
    if (outcome === "moved") void revokeLeases.ofRequest(request.id).catch(() => undefined);
  }
}

/** ms since anything was done with any of them; `undefined` when none is open. One that is not known makes the whole unknown, unless another is in use now. */
function together(all: readonly (Activity | undefined)[]): number | undefined | "unknown" {
  const open = all.flatMap((one) => (one?.seen === "session" ? [one.idleFor] : []));
  const least = open.length === 0 ? undefined : Math.min(...open);
  if (least === 0) return 0;
  return all.some((one) => one === undefined || one.seen === "unknown") ? "unknown" : least;
}

function byResource(requests: readonly Watched[]): Map<string, Watched[]> {
  const found = new Map<string, Watched[]>();
  for (const request of requests) {
    const others = found.get(request.resource);
    if (others === undefined) found.set(request.resource, [request]);
    else others.push(request);
  }
  return found;
}
