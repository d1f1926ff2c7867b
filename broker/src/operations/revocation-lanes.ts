import { answered, type Breaker, CLOSED, probeDue, probing, unanswered } from "../domain/breaker.js";
import type { Claimed } from "../domain/lease-moves.js";
import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";

/** Batches under way on one target at a time. */
const CONCURRENCY = 4;
/** Leases of one batch: what PostgreSQL revokes in one round trip. */
const BATCH = 250;
/** Of a target that has not answered for so long, in ms, nobody knows whether it would: */
const DOUBTED_AFTER = 60_000;
/** … so many leases are tried first, and the others when it has answered. One that is dead costs these few attempts, not a thousand. */
const FIRST_WAVE = 16;

/** What one batch came to: which leases are proven revoked, and whether the target answered at all. */
export interface BatchResult {
  readonly proven: ReadonlySet<string>;
  readonly answered: boolean;
}

/** `probeAt` tells a batch that failed for want of an answer when its leases have their next turn; it is asked when the batch knows. */
export interface BatchContext {
  readonly probe: boolean;
  unanswered(): number;
}

export type AttemptBatch = (
  resource: string,
  leases: readonly Claimed[],
  context: BatchContext,
) => Promise<BatchResult>;

/** What may be begun on a target now. */
export type Room =
  | { readonly may: "take"; readonly most: number }
  /** It does not answer: nothing is tried before this instant. */
  | { readonly may: "wait"; readonly until: number };

/** A target as operators see it. */
export interface LaneView {
  readonly breaker: Breaker["state"];
  readonly openSince?: number | undefined;
  readonly probeAt?: number | undefined;
  readonly running: number;
  readonly waiting: number;
  readonly lastAnswer?: number | undefined;
}

/**
 * One lane per target: what is due on it together goes together, a few batches at a time, and behind a circuit breaker. A target that
 * is dead or black-holed holds up its own lane and no other.
 */
export interface RevocationLanes {
  room(resource: string): Room;
  /** Resolves, when all of them were tried once, with those that are proven revoked; what cannot be tried now is handed to `postpone`. */
  submit(leases: readonly Claimed[]): Promise<Set<string>>;
  /** Somebody else, who issues, has had an answer of the target or none. */
  heard(resource: string, hasAnswered: boolean): void;
  view(resource: string): LaneView;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

interface Waiting {
  readonly lease: Claimed;
  readonly settle: (proven: boolean) => void;
}

interface Lane {
  breaker: Breaker;
  readonly waiting: Waiting[];
  readonly running: Set<Promise<void>>;
  lastAnswer: number | undefined;
}

export function createRevocationLanes(needs: {
  readonly attempt: AttemptBatch;
  /** Gives claimed leases back to the ledger until the instant. */
  readonly postpone: (leases: readonly Claimed[], until: number) => Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}): RevocationLanes {
  const { attempt, postpone, clock, random, log } = needs;
  const lanes = new Map<string, Lane>();

  function laneOf(resource: string): Lane {
    const known = lanes.get(resource);
    if (known !== undefined) return known;
    const lane: Lane = { breaker: CLOSED, waiting: [], running: new Set(), lastAnswer: undefined };
    lanes.set(resource, lane);
    return lane;
  }

  function room(resource: string): Room {
    const lane = laneOf(resource);
    const { breaker } = lane;
    switch (breaker.state) {
      case "closed":
        // No more than can begin at once: what waits here would lose its claim and be claimed again and again.
        return { may: "take", most: Math.max(0, roomIn(lane) - lane.waiting.length) };
      case "half_open":
        return { may: "take", most: 0 };
      case "open":
        return probeDue(breaker, clock.now()) ? { may: "take", most: 1 } : { may: "wait", until: breaker.probeAt };
    }
  }

  function isDoubted({ lastAnswer }: Lane): boolean {
    return lastAnswer === undefined || clock.now() - lastAnswer > DOUBTED_AFTER;
  }

  /** How many leases may be under way besides those that are. */
  function roomIn(lane: Lane): number {
    if (isDoubted(lane)) return lane.running.size === 0 ? FIRST_WAVE : 0;
    return Math.max(0, CONCURRENCY - lane.running.size) * BATCH;
  }

  function start(resource: string, lane: Lane): void {
    while (lane.waiting.length > 0) {
      const { breaker } = lane;
      if (breaker.state === "closed" ? roomIn(lane) === 0 : breaker.state === "half_open") return;
      if (breaker.state === "open") {
        if (!probeDue(breaker, clock.now())) {
          giveBack(lane, breaker.probeAt);
          return;
        }
        lane.breaker = probing(breaker);
      }
      const probe = lane.breaker.state === "half_open";
      const work = run(resource, lane, lane.waiting.splice(0, probe ? 1 : Math.min(BATCH, roomIn(lane))), probe);
      lane.running.add(work);
      void work.then(() => {
        lane.running.delete(work);
        start(resource, lane);
      });
    }
  }

  function hasAnswered(resource: string, lane: Lane): void {
    if (lane.breaker.state !== "closed") log.info("target answers again", { resource });
    lane.breaker = answered();
    lane.lastAnswer = clock.now();
  }

  function hasNotAnswered(resource: string, lane: Lane): void {
    if (lane.breaker.state === "closed") log.warn("target does not answer", { resource });
    lane.breaker = unanswered(lane.breaker, clock.now(), random());
  }

  async function run(resource: string, lane: Lane, batch: readonly Waiting[], probe: boolean): Promise<void> {
    // Who waited longer than the claim lasts has lost it; the loop takes the lease again.
    const mine = batch.filter(({ lease }) => lease.nextAttempt > clock.now());
    const context: BatchContext = {
      probe,
      unanswered() {
        hasNotAnswered(resource, lane);
        return lane.breaker.state === "open" ? lane.breaker.probeAt : clock.now();
      },
    };
    let proven: ReadonlySet<string> = new Set();
    try {
      const leases = mine.map(({ lease }) => lease);
      const result = leases.length === 0 ? undefined : await attempt(resource, leases, context);
      if (result?.answered === true) hasAnswered(resource, lane);
      proven = result?.proven ?? proven;
    } catch {
      // The store failed: the claims end by themselves and are taken again.
    }
    // A probe that came to nothing, not even to a failure, must not leave the lane shut.
    if (probe && lane.breaker.state === "half_open") context.unanswered();
    for (const { lease, settle } of batch) settle(proven.has(lease.id));
  }

  function giveBack(lane: Lane, until: number): void {
    const all = lane.waiting.splice(0);
    const work = postpone(
      all.map(({ lease }) => lease),
      until,
    )
      .catch(() => undefined)
      .then(() => {
        for (const { settle } of all) settle(false);
      });
    lane.running.add(work);
    void work.then(() => lane.running.delete(work));
  }

  return {
    room,
    async submit(leases) {
      const proven = new Set<string>();
      const tried = leases.map(
        (lease) =>
          new Promise<void>((resolve) => {
            laneOf(lease.resource).waiting.push({
              lease,
              settle(isProven) {
                if (isProven) proven.add(lease.id);
                resolve();
              },
            });
          }),
      );
      for (const resource of new Set(leases.map((lease) => lease.resource))) start(resource, laneOf(resource));
      await Promise.all(tried);
      return proven;
    },
    heard(resource, isAnswer) {
      const lane = laneOf(resource);
      // A probe that is under way decides by itself.
      if (lane.breaker.state === "half_open") return;
      if (isAnswer) hasAnswered(resource, lane);
      else hasNotAnswered(resource, lane);
      start(resource, lane);
    },
    view(resource) {
      const { breaker, running, waiting, lastAnswer } = laneOf(resource);
      return {
        breaker: breaker.state,
        openSince: breaker.state === "closed" ? undefined : breaker.since,
        probeAt: breaker.state === "open" ? breaker.probeAt : undefined,
        running: running.size,
        waiting: waiting.length,
        lastAnswer,
      };
    },
    async idle() {
      for (;;) {
        const all = [...lanes.values()].flatMap(({ running }) => [...running]);
        if (all.length === 0) return;
        await Promise.all(all);
      }
    },
  };
}
