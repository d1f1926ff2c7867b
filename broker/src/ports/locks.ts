import type { LeaseId, RequestId } from "@phi/shared/ids";
import type { Lock } from "../domain/lock.js";
import type { Principal } from "../domain/principal.js";

/** What a lock keeps closed: a person, a resource, or either. */
export interface Concerned {
  readonly principal?: Pick<Principal, "issuer" | "subject"> | undefined;
  readonly resource?: string | undefined;
}

/** Reads the locks. They are set and lifted through the ledger, whose own writes carry them as conditions. */
export interface Locks {
  /** The lock that keeps this closed, if any; of several the oldest. */
  on(concerned: Concerned): Promise<Lock | undefined>;
  /** Those in force, newest first. */
  inForce(): Promise<Lock[]>;
  /** What the setting of this lock ended, of which its events tell. */
  endedBy(lock: Pick<Lock, "id" | "setAt">): Promise<{ readonly requests: RequestId[]; readonly leases: LeaseId[] }>;
}

/** Principals that have signed in. */
export interface People {
  /** Whose subject or newest name is exactly this; a bounded number. */
  called(word: string): Promise<Pick<Principal, "issuer" | "subject" | "name">[]>;
  /** Names of those who signed in last, a bounded number: to find what a mistyped one was meant to be. */
  names(): Promise<string[]>;
}
