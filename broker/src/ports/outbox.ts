import type { Instant } from "@phi/shared/time";
import type { AuditEntry } from "../domain/audit-event.js";
import type { DeadLetter, Delivery } from "../domain/delivery.js";

/** A destination's row after a try. */
export type Progress = Pick<
  Delivery,
  "position" | "attempts" | "refusals" | "nextAttempt" | "failingSince" | "lastError"
>;

/** How far each destination has come, in the ledger. Writes are compare-and-set on the row's epoch: `false` says that the claim was lost. */
export interface Outbox {
  /** Destinations that are new begin after `position`. */
  begin(destinations: readonly string[], position: number): Promise<void>;
  delivery(destination: string): Promise<Delivery | undefined>;
  deliveries(): Promise<Delivery[]>;
  /** Takes the row as it was read, when nobody else holds it at `now`. */
  claim(delivery: Delivery, holder: string, now: Instant, until: Instant): Promise<boolean>;
  settle(held: Delivery, progress: Progress, until: Instant): Promise<boolean>;
  /** Passes by the event after the position, with its event on record if there is one. */
  putAside(held: Delivery, letter: DeadLetter, entry: AuditEntry | undefined): Promise<boolean>;
  /** An operator's word counts whoever holds the row: the next try is at `now`. */
  hurry(destination: string, now: Instant): Promise<void>;

  deadLetters(filter: {
    readonly destination?: string;
    readonly again?: boolean;
    readonly limit: number;
  }): Promise<DeadLetter[]>;
  countDeadLetters(): Promise<ReadonlyMap<string, number>>;
  /** Marks one dead letter, or all of the destination, to be tried again; how many. */
  tryAgain(destination: string, seq: number | undefined): Promise<number>;
  /** What came of trying one again: `undefined` when it was taken, and the letter is gone. */
  settleLetter(letter: DeadLetter, left: Pick<DeadLetter, "attempts" | "error" | "again"> | undefined): Promise<void>;
  /** Makes every claim end: its holder is gone. Only while no other broker works on this ledger. */
  releaseClaims(): Promise<void>;
}
