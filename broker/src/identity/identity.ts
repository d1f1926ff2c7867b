import type { Principal } from "../domain/principal.js";
import type { Clock } from "../ports/clock.js";
import type { Identity } from "../ports/identity.js";
import { emailFromClaims } from "./email-from-claims.js";
import type { Fetch } from "./fetch-json.js";
import { principalFromClaims } from "./principal-from-claims.js";
import { createIdTokenVerifier } from "./verify-id-token.js";

interface Needs {
  readonly issuerUrl: string;
  readonly clientId: string;
  /** Name of the claim that lists a person's groups. */
  readonly groupsClaim: string;
  readonly clock: Clock;
  /** Whether a verified e-mail address belongs to who somebody is: only where a calendar may mean people by it. Else it is not kept. */
  readonly withAddresses: boolean;
  /** The platform's by default. */
  readonly fetch?: Fetch;
}

function withEmail(principal: Principal, email: string | undefined): Principal {
  return email === undefined ? principal : { ...principal, verifiedEmail: email.toLowerCase() };
}

/** Identity by the ID tokens of one OpenID provider. */
export function createIdentity({ groupsClaim, withAddresses, ...needs }: Needs): Identity {
  const verifyIdToken = createIdTokenVerifier(needs);
  return {
    verify: async (idToken) => {
      const verified = await verifyIdToken(idToken);
      const email = emailFromClaims(verified.claims);
      return {
        principal: withEmail(
          principalFromClaims(verified, groupsClaim),
          withAddresses && verified.claims.email_verified === true ? email : undefined,
        ),
        expiresAt: verified.expiresAt,
        ...(email === undefined ? {} : { email }),
      };
    },
  };
}
