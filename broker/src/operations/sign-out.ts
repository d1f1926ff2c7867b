import { newId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";

/** Ends the caller's sign-in; its token is worth nothing from then on. Ending it twice is nothing. */
export function createSignOut({ ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock }) {
  return async function signOut(caller: Caller): Promise<void> {
    const at = clock.now();
    await ledger.commit({
      guard: { do: "end_sign_in", id: caller.signIn, at },
      events: [
        { id: newId("event"), at, kind: "sign_in.ended", actor: caller.principal, data: { signIn: caller.signIn } },
      ],
    });
  };
}
