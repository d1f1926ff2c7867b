import * as z from "zod";
import { instant, line, personView, signInId } from "./fields.js";

/** `POST /v1/sign-ins`: an ID token of the issuer for a phi token. Each ID token is exchanged once. */
export const signInOrder = z.strictObject({
  idToken: z.string().min(20).max(16_384),
  /** Name of the machine, for the record and for `phi whoami`. */
  host: line(255).optional(),
});
export type SignInOrder = z.infer<typeof signInOrder>;

/** The person behind a call, as the broker sees them: `GET /v1/me`. */
export const me = z.object({
  signIn: signInId,
  principal: personView.extend({ groups: z.array(z.string()) }),
  expiresAt: instant,
  /** What the configuration lets this principal do beyond asking. */
  mayAudit: z.boolean(),
  isAdmin: z.boolean(),
});
export type Me = z.infer<typeof me>;

/** Answer to a sign-in. The token is opaque, shown once, and stored by the broker only as a hash. */
export const signInReply = me.extend({ token: z.string().regex(/^phi_[A-Za-z0-9_-]{43}$/) });
export type SignInReply = z.infer<typeof signInReply>;
