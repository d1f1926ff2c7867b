import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { type Lock, type LockTarget, lockSentence, targetWord } from "../domain/lock.js";
import type { Principal } from "../domain/principal.js";
import type { Changes } from "../ports/changes.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { FindLockTarget, TypedTarget } from "./find-lock-target.js";
import type { RevokeLeases } from "./revoke-leases.js";
import { waitForProof } from "./wait-for-proof.js";

/** Who locks: an operator at the admin socket, by account, or an admin who is signed in. */
export type Locksmith =
  | { readonly operator: string; readonly admin?: undefined }
  | { readonly admin: Principal; readonly operator?: undefined };

export interface LockSet {
  readonly lock: Lock;
  /** What it ended; `unproven` are the leases whose revocation the broker goes on with. */
  readonly ended: { readonly requests: number; readonly leases: number; readonly unproven: number };
}

interface Needs {
  readonly ledger: Ledger;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly changes: Changes;
  readonly findLockTarget: FindLockTarget;
  readonly revokeLeases: RevokeLeases;
}

/**
 * Locks a principal or a resource: in one atomic batch everything open of it ends and nothing new can begin. Then every credential of it is
 * revoked, live connections included, before the answer when the targets are quick, and for as long as it takes when they are not.
 *
 * @throws PhiError `wrong_state` when it is locked already, `not_permitted` for oneself, `not_found`, `resource_unknown`, `usage`
 */
export function createSetLock({ ledger, locks, clock, changes, findLockTarget, revokeLeases }: Needs) {
  return async function setLock(typed: TypedTarget, reason: string, by: Locksmith): Promise<LockSet> {
    const target = await findLockTarget(typed);
    if (by.admin !== undefined && isOneself(target, by.admin)) {
      throw new PhiError("not_permitted", "Nobody locks themselves out.", { hint: "phi logout ends your sign-in." });
    }
    const lock: Lock = {
      id: newId("lock"),
      target,
      reason,
      setBy: by.operator ?? by.admin.name,
      setAt: clock.now(),
    };
    const outcome = await ledger.commit({
      guard: { do: "insert_lock", lock },
      follow: [{ do: "end_locked", lock }],
      events: [
        { id: newId("event"), at: lock.setAt, kind: "lock.set", ...aboutLock(lock, by), data: lockData(lock, by) },
      ],
    });
    if (outcome === "lost_race") throw await alreadyLocked(target);

    const ended = await locks.endedBy(lock);
    for (const request of ended.requests) changes.publish(request);
    const proven = await waitForProof(revokeLeases.named(ended.leases)).catch(() => undefined);
    const unproven = ended.leases.filter((lease) => proven?.has(lease) !== true).length;
    return { lock, ended: { requests: ended.requests.length, leases: ended.leases.length, unproven } };
  };

  async function alreadyLocked(target: LockTarget): Promise<PhiError> {
    const former = await locks.on(
      target.on === "resource" ? { resource: target.resource } : { principal: target.principal },
    );
    return new PhiError(
      "wrong_state",
      former === undefined ? "It was locked and unlocked just now." : lockSentence(former),
      {
        hint: former && `To lock it anew: phi-broker unlock ${target.on} ${targetWord(target)}`,
      },
    );
  }
}

/** Who did it and on what, as every event of a lock says it. */
export function aboutLock({ target }: Lock, { admin }: Locksmith) {
  return { actor: admin, resource: target.on === "resource" ? target.resource : undefined };
}

export function lockData({ id, target, reason }: Lock, { operator }: Locksmith, why: string | undefined = reason) {
  const whom = target.on === "principal" ? { principal: { ...target.principal } } : {};
  return { lock: id, on: target.on, ...whom, reason: why, operator };
}

function isOneself(target: LockTarget, admin: Principal): boolean {
  return (
    target.on === "principal" && target.principal.issuer === admin.issuer && target.principal.subject === admin.subject
  );
}
