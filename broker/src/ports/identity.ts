import type { Instant } from "@phi/shared/time";
import type { Principal } from "../domain/principal.js";

/** What an accepted ID token says. */
export interface VerifiedIdentity {
  readonly principal: Principal;
  /** When the token itself expires. */
  readonly expiresAt: Instant;
  /** Where the issuer says one can write to them; for telling, never for deciding. */
  readonly email?: string | undefined;
}

/** Judges an ID token of the configured issuer. Rejects with `id_token_rejected` or `issuer_unreachable`. */
export interface Identity {
  verify(idToken: string): Promise<VerifiedIdentity>;
}
