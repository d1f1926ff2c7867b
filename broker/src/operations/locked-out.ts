import { PhiError } from "@phi/shared/errors";
import { type Lock, lockSentence, targetWord } from "../domain/lock.js";
import type { Concerned, Locks } from "../ports/locks.js";

/** What somebody is told whom a lock keeps out. */
export function lockedOut(lock: Lock): PhiError {
  return new PhiError("locked", lockSentence(lock), {
    hint: `Ask ${lock.setBy}, or whoever runs the broker: it is lifted with phi-broker unlock ${lock.target.on} ${targetWord(lock.target)}`,
    data: { lock: lock.id },
  });
}

/**
 * For where something was refused and a lock may be why: the ledger's conditions refuse, this only finds the words.
 *
 * @throws PhiError `locked`
 */
export async function throwIfLocked(locks: Locks, concerned: Concerned): Promise<void> {
  const lock = await locks.on(concerned);
  if (lock !== undefined) throw lockedOut(lock);
}
