import type { Instant } from "@phi/shared/time";
import type { Principal, Selector } from "../domain/principal.js";

/** E-mail addresses of people, from the ID tokens they signed in with. For telling them, never for deciding anything. */
export interface AddressBook {
  /** The newest address of a principal, with their groups as of now. */
  keep(principal: Principal, email: string, now: Instant): Promise<void>;
  of(principal: Pick<Principal, "issuer" | "subject">): Promise<string | undefined>;
  /** Addresses of whom the selector means, of those who signed in since then; a bounded number. */
  meantBy(selector: Selector, since: Instant): Promise<string[]>;
}
