import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { newId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import {
  CLAIM_FOR,
  type DeadLetter,
  type Delivery,
  handoverDelay,
  isHeldBy,
  MOST_REFUSALS,
} from "../domain/delivery.js";
import type { Clock } from "../ports/clock.js";
import type { Destination, Handover, HandoverFailure } from "../ports/destination.js";
import type { Ledger } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";
import type { Outbox, Progress } from "../ports/outbox.js";

/** Events that are handed over before the position is written again. */
const AT_ONCE = 200;
const LETTERS_AT_ONCE = 20;
/** One hand-over, in ms; far less than a claim lasts. */
const WITHIN = 20_000;

interface Needs {
  readonly ledger: Pick<Ledger, "audit">;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** A random number in [0, 1). */
  readonly random: () => number;
  /** Who delivers: this process. */
  readonly holder: string;
  /** Other brokers work on this ledger too. */
  readonly shared: boolean;
  readonly log: Log;
  /** The broker stops: what is under way is cut off, and comes again. */
  readonly stopping: AbortSignal;
}

/** When to look at the destination again: at once, at an instant, or when something happens. */
export type NextLook = "now" | Instant | undefined;
export type DeliverOn = (destination: Destination) => Promise<NextLook>;

/**
 * Gives one destination what it has not had yet, a bounded number of events: claim, hand over, write down how far it came. A crash in
 * between hands over again; nothing is passed by. What a destination refuses again and again is put aside, on record.
 */
export function createDeliverOn({ ledger, outbox, clock, random, holder, shared, log, stopping }: Needs): DeliverOn {
  return async function deliverOn(destination) {
    const found = await outbox.delivery(destination.name);
    if (found === undefined) return undefined;
    const now = clock.now();
    if (found.claimedUntil > now && found.holder !== holder) return Math.max(found.claimedUntil, now + 1_000);
    if (found.nextAttempt > now) return found.nextAttempt;
    const letters = await outbox.deadLetters({ destination: destination.name, again: true, limit: LETTERS_AT_ONCE });
    const events = await ledger.audit({ after: found.position, limit: AT_ONCE });
    if (letters.length === 0 && events.length === 0) return undefined;
    const held = await hold(found);
    if (held === undefined) return clock.now() + 1_000;

    const stop = await tryLettersAgain(destination, held, letters);
    if (stop !== undefined) return stop;
    const last = events.at(-1);
    if (last === undefined) return undefined;
    const wanted = events.filter(({ kind }) => destination.wants?.(kind) !== false);
    const { accepted, failure } = await handOver(destination, wanted);
    if (failure === undefined) {
      // Whoever is first with the next events may have them: nobody has to wait for a claim to end when this broker dies meanwhile.
      const until = clock.now() + (shared && events.length < AT_ONCE ? 0 : CLAIM_FOR);
      return (await outbox.settle(held, well(last.seq), until)) ? "now" : lost(held);
    }
    const next = wanted[accepted];
    const before = events[events.findIndex(({ seq }) => seq === next?.seq) - 1];
    return failed(held, before?.seq ?? held.position, next, failure);
  };

  /** The claim is written once in a while, not with each event. */
  async function hold(found: Delivery): Promise<Delivery | undefined> {
    const now = clock.now();
    if (isHeldBy(found, holder, now)) return found;
    if (!(await outbox.claim(found, holder, now, now + CLAIM_FOR))) return undefined;
    return { ...found, holder, epoch: found.epoch + 1, claimedUntil: now + CLAIM_FOR };
  }

  async function handOver(destination: Destination, events: readonly AuditEvent[]): Promise<Handover> {
    if (events.length === 0) return { accepted: 0 };
    const signal = AbortSignal.any([AbortSignal.timeout(WITHIN), stopping]);
    return destination.deliver(events, signal).catch((error: unknown) => {
      // Destinations answer with a value: this is a defect, and the event must not be lost by it.
      log.error("delivery failed", { destination: destination.name, name: error instanceof Error ? error.name : "" });
      return { accepted: 0, failure: { class: "unavailable", message: "phi failed; this is a defect of phi" } };
    });
  }

  async function failed(
    held: Delivery,
    position: number,
    event: AuditEvent | undefined,
    failure: HandoverFailure,
  ): Promise<NextLook> {
    const now = clock.now();
    const before = position > held.position ? { attempts: 0, refusals: 0 } : held;
    const attempts = before.attempts + 1;
    const refusals = before.refusals + (failure.class === "refused" ? 1 : 0);
    const nextAttempt = now + handoverDelay(attempts, random(), failure.after);
    const failingSince = held.failingSince ?? now;
    const progress = { position, attempts, refusals, nextAttempt, failingSince, lastError: failure.message };
    if (!(await outbox.settle(held, progress, now + CLAIM_FOR))) return lost(held);
    const tellsOf = { destination: held.destination, because: failure.message };
    if (attempts === 1) log.warn("delivery fails", tellsOf);
    if (event === undefined || refusals < MOST_REFUSALS) return nextAttempt;

    const letter = {
      destination: held.destination,
      seq: event.seq,
      at: now,
      attempts,
      error: failure.message,
      again: false,
    };
    // What tells of a refused event may be refused too: it makes no further one, or a destination that takes nothing would fill the log.
    const entry = event.kind.startsWith("delivery.") ? undefined : putAside(letter, event);
    await outbox.putAside({ ...held, ...progress }, letter, entry);
    log.error("event put aside", { ...tellsOf, seq: event.seq });
    return "now";
  }

  /** Dead letters that an operator wants tried again come first; they are out of order in any case. */
  async function tryLettersAgain(
    destination: Destination,
    held: Delivery,
    letters: readonly DeadLetter[],
  ): Promise<NextLook> {
    for (const letter of letters) {
      const [event] = await ledger.audit({ after: letter.seq - 1, before: letter.seq + 1, limit: 1 });
      const { failure } = event === undefined ? { failure: undefined } : await handOver(destination, [event]);
      const attempts = letter.attempts + 1;
      if (failure?.class === "unavailable") return failed(held, held.position, undefined, failure);
      await outbox.settleLetter(letter, failure && { attempts, error: failure.message, again: false });
    }
    return letters.length === LETTERS_AT_ONCE ? "now" : undefined;
  }

  /** Somebody else delivers now. */
  function lost(held: Delivery): NextLook {
    log.warn("delivery claim lost", { destination: held.destination });
    return clock.now() + 1_000;
  }
}

function putAside({ destination, seq, at, attempts, error }: DeadLetter, { event }: AuditEvent): AuditEntry {
  return { id: newId("event"), at, kind: "delivery.put_aside", data: { destination, event, seq, attempts, error } };
}

function well(position: number): Progress {
  return { position, attempts: 0, refusals: 0, nextAttempt: 0, failingSince: undefined, lastError: undefined };
}
