import { newId } from "@phi/shared/ids";
import { describe, expect, it } from "vitest";
import type { Lease } from "./lease.js";
import {
  type AttemptResult,
  activate,
  beginRevocation,
  type Claimed,
  type Issuing,
  type LeaseAdvance,
  lateCreateUntil,
  settle,
  takeOver,
} from "./lease-moves.js";

/**
 * An exhaustive model check of the lease protocol, made of the moves that the broker runs. One creator, two revokers, one crash of the creator,
 * a create that the network may deliver at any later time or never, drops that take effect at any time, early revocation, and a clock of
 * five instants. Every interleaving is visited. The laws stand in `verdict` and `stepVerdict`.
 */

/** The steps of the small clock: the window ends at 3, and a create is refused from 2 on. */
const LAST = 4;
const CREATE_BY = 2;
const EXPIRES = 3;

/** What is taken out of the protocol, to show that the check would notice. */
interface Flaws {
  /** The target does not look at `createBy`. */
  readonly noGuard?: true;
  /** Activation does not compare the state. */
  readonly blindActivation?: true;
  /** A drop counts as final whenever it ran. */
  readonly finalAtOnce?: true;
  /** The proof does not compare the epoch. */
  readonly unfencedProof?: true;
  /** The credential is created before anything is recorded. */
  readonly createFirst?: true;
  /** A lost activation does not matter: the secret is handed over all the same. */
  readonly handOverAnyway?: true;
}

interface Row {
  readonly lease: Lease | undefined;
}
/** A revoker: nothing, a claim in hand, or a drop that has run and is not yet recorded. */
type Revoker =
  | { readonly at: "idle" }
  | { readonly at: "claimed"; readonly lease: Claimed }
  | { readonly at: "dropped"; readonly lease: Claimed; readonly final: boolean };
interface World extends Row {
  readonly now: number;
  readonly creator: "start" | "planned" | "waiting" | "acknowledged" | "done" | "dead";
  readonly crashes: number;
  /** A create that was sent and has not arrived. */
  readonly inFlight: boolean;
  /** The credential exists on the target. */
  readonly exists: boolean;
  readonly handedOver: boolean;
  /** Events `lease.revoked` written, up to two. */
  readonly proofs: number;
  readonly revokers: readonly [Revoker, Revoker];
}

const planned: Issuing = {
  id: newId("lease"),
  requestId: newId("request"),
  sessionId: newId("session"),
  resource: "db-prod",
  kind: "postgres",
  use: "command",
  handle: {},
  handleText: "phi_x",
  epoch: 0,
  createdAt: 0,
  createBy: CREATE_BY,
  expiresAt: EXPIRES,
  state: "issuing",
};

/** The ledger's compare-and-set: moves only from the state and epoch that the mover saw. */
function compareAndSet(lease: Lease | undefined, advance: LeaseAdvance, flaw = false): Lease | undefined {
  if (lease === undefined || (!flaw && (lease.state !== advance.from || lease.epoch !== advance.epoch)))
    return undefined;
  const { to, dueAt, ...values } = advance.move;
  const epoch = advance.claim ? advance.epoch + 1 : flaw ? lease.epoch : advance.epoch;
  return { ...lease, ...values, state: to, epoch, ...(to === "revoking" ? { nextAttempt: dueAt } : {}) } as Lease;
}

function* next(world: World, flaws: Flaws): Generator<World> {
  const { now, creator } = world;
  if (now < LAST) yield { ...world, now: now + 1 };
  yield* create(world, flaws);
  if (creator !== "dead" && creator !== "done" && world.crashes > 0)
    yield { ...world, creator: "dead", crashes: world.crashes - 1 };

  if (world.inFlight) {
    const accepted = flaws.noGuard === true || now < CREATE_BY;
    const heard = creator === "waiting" ? (accepted ? "acknowledged" : "done") : creator;
    yield { ...world, inFlight: false, exists: world.exists || accepted, creator: heard };
  }
  for (const index of [0, 1] as const) {
    for (const [revoker, changes] of revoke(world.revokers[index], world, flaws)) {
      const revokers: World["revokers"] = index === 0 ? [revoker, world.revokers[1]] : [world.revokers[0], revoker];
      yield { ...world, ...changes, revokers };
    }
  }
}

function* create(world: World, flaws: Flaws): Generator<World> {
  const { now, lease, creator } = world;
  switch (creator) {
    case "start":
      if (flaws.createFirst) yield { ...world, creator: "waiting", inFlight: true };
      else if (now < CREATE_BY) yield { ...world, creator: "planned", lease: planned };
      return;
    case "planned":
      yield { ...world, creator: "waiting", inFlight: true };
      return;
    case "acknowledged": {
      if (flaws.createFirst) {
        yield { ...world, creator: "done", lease: activate(planned, now).active, handedOver: true };
        return;
      }
      const moved = compareAndSet(lease, activate(planned, now), flaws.blindActivation);
      if (moved !== undefined) yield { ...world, creator: "done", lease: moved, handedOver: true };
      // Lost: dropped at once, never handed over.
      else
        yield {
          ...world,
          creator: "done",
          exists: flaws.handOverAnyway === true && world.exists,
          handedOver: flaws.handOverAnyway === true,
        };
      return;
    }
    case "waiting":
    case "done":
    case "dead":
      return;
  }
}

/** Anybody may revoke at any time: the window's end, an early end, and a restarted broker are all "now". */
function* revoke(revoker: Revoker, world: World, flaws: Flaws): Generator<[Revoker, Partial<World>]> {
  const { now, lease } = world;
  switch (revoker.at) {
    case "idle": {
      if (lease === undefined || lease.epoch >= 3) return;
      if (lease.state === "issuing" || lease.state === "active") {
        const begun = beginRevocation(lease, "window_over", { now });
        yield [{ at: "claimed", lease: begun.claimed }, { lease: compareAndSet(lease, begun) }];
      } else if (lease.state === "revoking") {
        const taken = takeOver(lease, now);
        yield [{ at: "claimed", lease: taken.claimed }, { lease: compareAndSet(lease, taken) }];
      }
      return;
    }
    case "claimed": {
      const final = flaws.finalAtOnce === true || now >= lateCreateUntil(revoker.lease);
      yield [{ at: "dropped", lease: revoker.lease, final }, { exists: false }];
      return;
    }
    case "dropped": {
      const result: AttemptResult = { gone: true, droppedAfterCreateBy: revoker.final };
      const settlement = settle(revoker.lease, result, now, 0);
      const moved = compareAndSet(lease, settlement, flaws.unfencedProof);
      const proofs = Math.min(2, world.proofs + (settlement.came === "proven" ? 1 : 0));
      yield [{ at: "idle" }, moved === undefined ? {} : { lease: moved, proofs }];
      return;
    }
  }
}

/** The first world that breaks the law, or how many worlds there are. */
function check(flaws: Flaws = {}): { readonly worlds: number; readonly broken?: string } {
  const start: World = {
    now: 0,
    lease: undefined,
    creator: "start",
    crashes: 1,
    inFlight: false,
    exists: false,
    handedOver: false,
    proofs: 0,
    revokers: [{ at: "idle" }, { at: "idle" }],
  };
  const seen = new Set([JSON.stringify(start)]);
  const queue = [start];
  for (let world = queue.pop(); world !== undefined; world = queue.pop()) {
    const broken = verdict(world);
    if (broken !== undefined) return { worlds: seen.size, broken };
    for (const following of next(world, flaws)) {
      const undone = stepVerdict(world, following);
      if (undone !== undefined) return { worlds: seen.size, broken: undone };
      const key = JSON.stringify(following);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(following);
    }
  }
  return { worlds: seen.size };
}

function verdict({ lease, exists, creator, handedOver, proofs }: World): string | undefined {
  if (exists && lease === undefined) return "a credential that the ledger does not know";
  // A creator that lost the race is about to drop what it made; nobody has the secret.
  if (exists && lease?.state === "revoked" && creator !== "acknowledged") return "a credential that outlives its proof";
  if (handedOver && lease?.createdOnTarget === undefined)
    return "a secret handed over under a lease that never became active";
  if (proofs > 1) return "a revocation proven twice";
  return undefined;
}

/** Some laws are about steps: what was proven stays proven. */
function stepVerdict(before: World, after: World): string | undefined {
  return before.lease?.state === "revoked" && after.lease?.state !== "revoked"
    ? "a proven revocation undone"
    : undefined;
}

describe("the lease protocol, model-checked", () => {
  it("leaves no credential unknown and none alive after its proof, in every interleaving", () => {
    const { worlds, broken } = check();
    expect(broken).toBeUndefined();
    expect(worlds, "the search is not empty").toBeGreaterThan(2_000);
  });

  it.each<[string, Flaws]>([
    ["created before it is recorded", { createFirst: true }],
    ["created without the target's guard", { noGuard: true }],
    ["final whenever the drop ran", { finalAtOnce: true }],
    ["proven without comparing the epoch", { unfencedProof: true }],
    ["activated without comparing the state", { blindActivation: true }],
    ["handed over although the activation was lost", { handOverAnyway: true }],
  ])("breaks when it is %s: the check would notice", (_name, flaws) => {
    expect(check(flaws).broken).toBeDefined();
  });
});
