import { PhiError } from "@phi/shared/errors";
import type { Instant } from "@phi/shared/time";
import { errors, type JWTPayload, jwtVerify } from "jose";
import type { Clock } from "../ports/clock.js";
import type { Fetch } from "./fetch-json.js";
import { createSigningKeys } from "./signing-keys.js";

interface Needs {
  /** Exactly as the issuer names itself; compared letter by letter. */
  readonly issuerUrl: string;
  readonly clientId: string;
  readonly clock: Clock;
  readonly fetch?: Fetch;
}

/** The claims of an accepted ID token. Only those named here have been checked. */
export interface VerifiedClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly expiresAt: Instant;
  /** All claims, of any type; see `principal-from-claims.ts`. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Asymmetric and strong (RFC 8725 §3.1, §3.2); what a token's header says only chooses among these. */
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
/** A sign-in follows its token at once. Seconds since `iat`. */
const LONGEST_AGE = 300;
/** Seconds by which the issuer's clock and ours may differ. */
const CLOCK_TOLERANCE = 30;
const LONGEST_TOKEN = 16_384;

/**
 * Judges ID tokens of one issuer for one client: OpenID Connect Core 1.0 §3.1.3.7, RFC 8725. Nothing is taken on trust
 * that the standard leaves open: `exp`, `iat` and `sub` must be there, `azp` must be us whenever it is there, and has to be
 * when the token is for others too.
 *
 * Rejects with `id_token_rejected` (a sentence without the token's contents) or `issuer_unreachable`.
 */
export function createIdTokenVerifier({ issuerUrl, clientId, clock, fetch = globalThis.fetch }: Needs) {
  const findKey = createSigningKeys({ issuerUrl, clock, fetch });

  return async function verify(idToken: string): Promise<VerifiedClaims> {
    if (idToken.length > LONGEST_TOKEN) throw rejected("it is too long");
    const { payload, protectedHeader } = await jwtVerify(idToken, findKey, {
      algorithms: ALGORITHMS,
      issuer: issuerUrl,
      audience: clientId,
      requiredClaims: ["exp", "iat", "sub"],
      maxTokenAge: LONGEST_AGE,
      clockTolerance: CLOCK_TOLERANCE,
      currentDate: new Date(clock.now()),
    }).catch((error: unknown) => {
      throw error instanceof PhiError ? error : rejected(whatIsWrong(error), error);
    });
    // Access and logout tokens are signed by the same keys (RFC 9068 §2.1, RFC 8725 §3.11).
    if (protectedHeader.typ !== undefined && !/^(?:application\/)?jwt$/i.test(protectedHeader.typ))
      throw rejected("it is another kind of token");
    if (Object.hasOwn(payload, "events")) throw rejected("it is another kind of token");
    if (!isForUs(payload, clientId)) throw rejected("it was made for another program");
    if (typeof payload.sub !== "string" || typeof payload.exp !== "number")
      throw rejected("its claims are not of the right type");
    return { issuer: issuerUrl, subject: payload.sub, expiresAt: payload.exp * 1000, claims: payload };
  };
}

/** OpenID Connect Core 1.0 §3.1.3.7, steps 3 to 5; jose has checked that we are among the audiences. */
function isForUs(payload: JWTPayload, clientId: string): boolean {
  const shared = Array.isArray(payload.aud) && payload.aud.some((audience) => audience !== clientId);
  if (!Object.hasOwn(payload, "azp")) return !shared;
  return payload.azp === clientId;
}

function rejected(because: string, cause?: unknown): PhiError {
  return new PhiError("id_token_rejected", `The ID token was not accepted: ${because}.`, { hint: "phi login", cause });
}

const WRONG_CLAIM: Readonly<Record<string, string>> = {
  iss: "it is from another issuer than the one this broker trusts",
  aud: "it was made for another program",
  iat: "it was not made just now",
  exp: "it does not say when it ends",
  nbf: "it is not valid yet",
  sub: "it does not say who it is for",
};

function whatIsWrong(error: unknown): string {
  // Too old by `iat` comes as JWTExpired too.
  if (error instanceof errors.JWTExpired) return error.claim === "iat" ? "it was not made just now" : "it has expired";
  if (error instanceof errors.JWTClaimValidationFailed) return WRONG_CLAIM[error.claim] ?? "a claim is not right";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is not the issuer's";
  if (error instanceof errors.JWKSNoMatchingKey) return "it is signed with a key the issuer does not publish";
  if (error instanceof errors.JWKSMultipleMatchingKeys) return "it does not say which of the issuer's keys signed it";
  if (error instanceof errors.JOSEAlgNotAllowed) return "it is signed in a way that is not allowed";
  return "it is not a well-formed token";
}
