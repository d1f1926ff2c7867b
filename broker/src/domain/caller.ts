import type { SignInId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Principal } from "./principal.js";

/** The signed-in principal behind a call, with what the configuration lets them do beyond asking. */
export interface Caller {
  readonly principal: Principal;
  readonly signIn: SignInId;
  readonly signInExpiresAt: Instant;
  readonly isAdmin: boolean;
  readonly mayAudit: boolean;
}
