import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWSHeaderParameters } from "jose";
import * as z from "zod";
import type { Clock } from "../ports/clock.js";
import { type Fetch, fetchJson } from "./fetch-json.js";

interface Needs {
  readonly issuerUrl: string;
  readonly clock: Clock;
  readonly fetch: Fetch;
}

type FindKey = ReturnType<typeof createLocalJWKSet>;

/** A key that the issuer withdrew is trusted no longer than this. Milliseconds. */
export const KEYS_AGE = 600_000;
/** A key that is not known makes us look again, but no more often than this. Milliseconds. */
export const KEYS_COOLDOWN = 30_000;

const LIMITS = { within: 5_000, atMost: 262_144 };

/** OpenID Connect Discovery 1.0 §3; only what is used. */
const metadata = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

/** RFC 7517 §5. What the keys are is jose's to judge. */
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/**
 * The issuer's signing keys, found by discovery and held for {@link KEYS_AGE}. An unknown key id makes it look again,
 * at most once per {@link KEYS_COOLDOWN}, so that rotation needs no restart and a flood of invented ids costs the issuer
 * nothing. Key hints inside a token (`jku`, `jwk`, `x5u`) are never followed.
 *
 * Rejects with `issuer_unreachable` when the keys cannot be read; the next call tries again.
 */
export function createSigningKeys({ issuerUrl, clock, fetch }: Needs) {
  let known: { find: FindKey; since: Instant } | undefined;
  let lastLook = Number.NEGATIVE_INFINITY;
  let looking: Promise<FindKey> | undefined;

  /** Callers that come while one is looking wait for the same answer. */
  function look(): Promise<FindKey> {
    if (looking === undefined) lastLook = clock.now();
    looking ??= load()
      .then((find) => {
        known = { find, since: clock.now() };
        return find;
      })
      .finally(() => {
        looking = undefined;
      });
    return looking;
  }

  async function load(): Promise<FindKey> {
    try {
      const found = metadata.parse(await fetchJson(fetch, metadataUrl(issuerUrl), LIMITS));
      if (found.issuer !== issuerUrl) throw new Error("it names itself differently than the configuration does");
      if (issuerUrl.startsWith("https:") && !found.jwks_uri.startsWith("https:"))
        throw new Error("its keys are not behind https");
      const { keys } = keySet.parse(await fetchJson(fetch, found.jwks_uri, LIMITS));
      return createLocalJWKSet({ keys } as JSONWebKeySet);
    } catch (cause) {
      const reason =
        cause instanceof z.ZodError
          ? "its answer is not what OpenID Connect asks for"
          : cause instanceof Error
            ? cause.message
            : "unknown";
      throw new PhiError(
        "issuer_unreachable",
        `The signing keys of the issuer ${printable(issuerUrl, 200)} cannot be read: ${reason}.`,
        {
          hint: "Try again in a moment; if it lasts, tell who runs the phi broker.",
          cause,
        },
      );
    }
  }

  return async function findKey(header: JWSHeaderParameters, token: FlattenedJWSInput): ReturnType<FindKey> {
    const find = known !== undefined && isWithin(KEYS_AGE, known.since, clock.now()) ? known.find : await look();
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // Somebody else may have looked, or be looking, since this call began.
      if (known !== undefined && known.find !== find) return known.find(header, token);
      if (looking === undefined && isWithin(KEYS_COOLDOWN, lastLook, clock.now())) throw error;
      return (await look())(header, token);
    }
  };
}

/** A clock that was set back makes things old, not young for ever. */
function isWithin(age: number, since: Instant, now: Instant): boolean {
  return now >= since && now - since < age;
}

/** OpenID Connect Discovery 1.0 §4: appended to the issuer without a trailing slash. */
function metadataUrl(issuerUrl: string): string {
  return `${issuerUrl.replace(/\/$/, "")}/.well-known/openid-configuration`;
}
