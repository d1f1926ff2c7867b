import { createHash, randomBytes } from "node:crypto";
import type { SignInOrder } from "@phi/shared/contract/sign-in";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { Secret } from "@phi/shared/secret";
import type { Principal } from "../domain/principal.js";
import type { Clock } from "../ports/clock.js";
import type { Identity } from "../ports/identity.js";
import type { Ledger, SignIn } from "../ports/ledger.js";
import type { Locks } from "../ports/locks.js";
import type { DropLostRequests } from "./drop-lost-requests.js";
import { lockedOut } from "./locked-out.js";

interface Needs {
  readonly ledger: Ledger;
  readonly identity: Identity;
  readonly locks: Locks;
  readonly clock: Clock;
  /** Longest life of a sign-in, in seconds. */
  readonly maxAge: number;
  /** What becomes of requests whose requester has lost the group they were made with; absent: they are kept. */
  readonly dropLostRequests?: DropLostRequests | undefined;
}

/** A token's only trace on the broker: SHA-256, hex. 256 random bits need no salt and no slow hash. */
export function tokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/**
 * Exchanges an ID token, once, for an opaque phi token.
 *
 * @throws PhiError `id_token_rejected`, `locked`, `issuer_unreachable`
 */
export function createSignIn({ ledger, identity, locks, clock, maxAge, dropLostRequests }: Needs) {
  return async function signIn(order: SignInOrder): Promise<{ signIn: SignIn; token: Secret }> {
    const verified = await identity.verify(order.idToken).catch(async (error: unknown) => {
      if (error instanceof PhiError && error.code === "id_token_rejected") {
        await ledger.record({
          id: newId("event"),
          at: clock.now(),
          kind: "sign_in.refused",
          data: { because: error.message, host: order.host },
        });
      }
      throw error;
    });
    const now = clock.now();
    const token = new Secret(`phi_${randomBytes(32).toString("base64url")}`);
    const created: SignIn = {
      id: newId("sign_in"),
      tokenHash: tokenHash(token.reveal()),
      principal: verified.principal,
      host: order.host,
      createdAt: now,
      expiresAt: now + maxAge * 1000,
      endedAt: undefined,
    };
    const outcome = await ledger.commit({
      guard: {
        do: "insert_sign_in",
        signIn: created,
        idTokenHash: tokenHash(order.idToken),
        // Kept past the token's own end, so that the verifier's clock tolerance opens no gap.
        idTokenExpiresAt: verified.expiresAt + 600_000,
      },
      events: [
        {
          id: newId("event"),
          at: now,
          kind: "sign_in.created",
          actor: verified.principal,
          data: { signIn: created.id, groups: verified.principal.groups, host: order.host },
        },
      ],
    });
    if (outcome === "lost_race") {
      const lock = await locks.on({ principal: verified.principal });
      if (lock !== undefined) {
        const error = lockedOut(lock);
        await refused(verified.principal, error.message, order.host);
        throw error;
      }
      await refused(verified.principal, "the ID token was used before", order.host);
      throw new PhiError("id_token_rejected", "This ID token was used for a sign-in already; each is good for one.", {
        hint: "phi login",
      });
    }
    await dropLostRequests?.(verified.principal);
    return { signIn: created, token };
  };

  function refused(actor: Principal, because: string, host: string | undefined): Promise<void> {
    return ledger.record({
      id: newId("event"),
      at: clock.now(),
      kind: "sign_in.refused",
      actor,
      data: { because, host },
    });
  }
}
