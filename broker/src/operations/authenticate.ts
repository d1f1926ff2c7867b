import { PhiError } from "@phi/shared/errors";
import type { Caller } from "../domain/caller.js";
import { type Calendars, calendarsOf } from "../domain/on-call.js";
import { matchesAny, type Selector } from "../domain/principal.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import { throwIfLocked } from "./locked-out.js";
import { tokenHash } from "./sign-in.js";

interface Needs {
  readonly ledger: Ledger;
  readonly locks: Locks;
  readonly clock: Clock;
  /** What is known now of who is on call. */
  readonly calendars: () => Calendars;
  readonly admins: readonly Selector[];
  readonly auditors: readonly Selector[];
}

/**
 * Who calls, by the token of the `Authorization: Bearer` header (RFC 6750 §2.1).
 *
 * @throws PhiError `sign_in_required`, `sign_in_expired`, `locked`
 */
export function createAuthenticate({ ledger, locks, clock, calendars, admins, auditors }: Needs) {
  return async function authenticate(authorization: string | undefined): Promise<Caller> {
    const token = /^Bearer (phi_[A-Za-z0-9_-]{43})$/.exec(authorization ?? "")?.[1];
    if (token === undefined) {
      throw new PhiError("sign_in_required", "You are not signed in.", { hint: "phi login" });
    }
    const signIn = await ledger.signInByTokenHash(tokenHash(token));
    if (signIn === undefined || signIn.endedAt !== undefined || clock.now() >= signIn.expiresAt) {
      // A lock ends every sign-in of its principal, so it is looked for only here.
      if (signIn !== undefined) await throwIfLocked(locks, { principal: signIn.principal });
      throw new PhiError("sign_in_expired", "Your sign-in has ended.", { hint: "phi login" });
    }
    const onCall = calendarsOf(calendars(), signIn.principal, clock.now());
    const principal = onCall.length === 0 ? signIn.principal : { ...signIn.principal, onCall };
    const isAdmin = matchesAny(principal, admins);
    return {
      principal,
      signIn: signIn.id,
      signInExpiresAt: signIn.expiresAt,
      isAdmin,
      mayAudit: isAdmin || matchesAny(principal, auditors),
    };
  };
}
