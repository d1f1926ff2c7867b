import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { Lock } from "../domain/lock.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { TypedTarget } from "./find-lock-target.js";
import { aboutLock, type Locksmith, lockData } from "./set-lock.js";

interface Needs {
  readonly ledger: Ledger;
  readonly locks: Locks;
  readonly clock: Clock;
}

/**
 * Lifts the lock on a principal or a resource. What it ended stays ended: people sign in and ask again.
 *
 * @throws PhiError `not_found` when nothing so called is locked, `usage` when several are
 */
export function createLiftLock({ ledger, locks, clock }: Needs) {
  return async function liftLock(typed: TypedTarget, reason: string | undefined, by: Locksmith): Promise<Lock> {
    const found = (await locks.inForce()).filter((lock) => isMeant(lock, typed));
    const [lock, another] = found;
    if (another !== undefined) {
      throw new PhiError("usage", `Several people called "${typed.name}" are locked.`, {
        hint: found
          .flatMap(({ target }) => (target.on === "principal" ? [`${target.principal.subject} --subject`] : []))
          .join("  or  "),
      });
    }
    const at = clock.now();
    const outcome =
      lock &&
      (await ledger.commit({
        guard: { do: "lift_lock", id: lock.id, at },
        events: [
          { id: newId("event"), at, kind: "lock.lifted", ...aboutLock(lock, by), data: lockData(lock, by, reason) },
        ],
      }));
    if (lock === undefined || outcome === "lost_race") {
      throw new PhiError("not_found", `No ${typed.on} "${typed.name}" is locked.`, {
        hint: by.operator === undefined ? "phi locks" : "phi-broker locks list",
      });
    }
    return lock;
  };
}

function isMeant({ target }: Lock, { on, name, subject }: TypedTarget): boolean {
  if (target.on === "resource") return on === "resource" && target.resource === name;
  if (on === "resource") return false;
  return target.principal.subject === name || (subject !== true && target.principal.name === name);
}
