import type { AddressBook } from "../ports/address-book.js";
import type { Clock } from "../ports/clock.js";
import type { Identity } from "../ports/identity.js";

/** The same judge of ID tokens; the e-mail address of whoever it accepts is kept for telling them. A sign-in never fails for that. */
export function keepingAddresses(
  identity: Identity,
  { addressBook, clock }: { readonly addressBook: AddressBook; readonly clock: Clock },
): Identity {
  return {
    async verify(idToken) {
      const verified = await identity.verify(idToken);
      if (verified.email !== undefined)
        await addressBook.keep(verified.principal, verified.email, clock.now()).catch(() => undefined);
      return verified;
    },
  };
}
