import type { Discovery } from "@phi/shared/contract/discovery";
import { PhiError } from "@phi/shared/errors";
import { Secret } from "@phi/shared/secret";
import { printable } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import {
  allowInsecureRequests,
  type Configuration,
  customFetch,
  discovery as discoverIssuer,
  initiateDeviceAuthorization,
  None,
  pollDeviceAuthorizationGrant,
} from "openid-client";
import { createBoundedFetch } from "../broker-client/bounded-fetch.js";
import { connectionFailure } from "../broker-client/connection-failure.js";
import { isLoopback } from "../broker-client/transport.js";

/** What a person must see before anything else happens, and the wait that follows. */
export interface DeviceFlow {
  /** Where to go; http or https, safe to print. */
  readonly verificationUri: string;
  /** The same with the code in it, when the issuer gives one. */
  readonly verificationUriComplete: string | undefined;
  /** What to type there, and what must be shown there. */
  readonly userCode: string;
  readonly expiresAt: Instant;
  /** Polls as the issuer wishes (RFC 8628 §3.5: `interval`, `slow_down`) until there is an outcome. */
  wait(signal: AbortSignal): Promise<DeviceFlowOutcome>;
}

export type DeviceFlowOutcome =
  | { readonly outcome: "signed_in"; readonly idToken: Secret }
  | { readonly outcome: "denied" }
  | { readonly outcome: "expired" }
  | { readonly outcome: "interrupted" };

/** No code is offered for longer than this, whatever the issuer says, in seconds. */
const LONGEST_CODE_LIFE = 1_800;

/**
 * Begins the device authorization grant (RFC 8628 §3.1–3.2) at the broker's issuer. Plain http is spoken to this machine
 * only. Errors: `issuer_unreachable`, `bad_answer`, `invalid_input` for an issuer that is not https.
 */
export async function startDeviceFlow(issuer: Discovery["issuer"], now: () => Instant): Promise<DeviceFlow> {
  const config = await discover(issuer);
  const started = await initiateDeviceAuthorization(config, { scope: issuer.scopes }).catch((error: unknown) => {
    throw issuerError(issuer.url, error);
  });
  const life = Math.min(started.expires_in, LONGEST_CODE_LIFE);
  const expiresAt = now() + life * 1_000;
  const userCode = printable(started.user_code, 64);
  if (userCode === "" || userCode !== started.user_code) throw notUnderstood(issuer.url, "its code cannot be shown");
  return {
    verificationUri: shownUri(issuer.url, started.verification_uri),
    verificationUriComplete:
      started.verification_uri_complete === undefined
        ? undefined
        : shownUri(issuer.url, started.verification_uri_complete),
    userCode,
    expiresAt,
    async wait(signal) {
      const expiry = AbortSignal.timeout(Math.max(0, expiresAt - now()));
      try {
        const stop = AbortSignal.any([signal, expiry]);
        const tokens = await Promise.race([
          pollDeviceAuthorizationGrant(config, started, undefined, { signal: stop }),
          rejectOn(stop),
        ]);
        if (tokens.id_token === undefined)
          throw notUnderstood(issuer.url, "it gave no ID token; the scope must have `openid`");
        return { outcome: "signed_in", idToken: new Secret(tokens.id_token) };
      } catch (error) {
        if (signal.aborted) return { outcome: "interrupted" };
        if (expiry.aborted || oauthError(error) === "expired_token") return { outcome: "expired" };
        if (oauthError(error) === "access_denied") return { outcome: "denied" };
        throw issuerError(issuer.url, error);
      }
    },
  };
}

/** openid-client looks at the signal only between pauses of up to five seconds; a person who pressed Ctrl-C does not wait. */
function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function discover(issuer: Discovery["issuer"]): Promise<Configuration> {
  const url = new URL(issuer.url);
  const isPlain = url.protocol === "http:";
  if (url.protocol !== "https:" && !(isPlain && isLoopback(url.hostname))) {
    throw new PhiError("invalid_input", `The broker names an issuer without https: ${printable(issuer.url, 200)}.`, {
      hint: "tell whoever runs the broker: `issuer.url` must be https, or on this machine",
    });
  }
  return discoverIssuer(url, issuer.clientId, undefined, None(), {
    ...(isPlain ? { execute: [allowInsecureRequests] } : {}),
    timeout: 20,
    [customFetch]: createBoundedFetch(process.env),
  }).catch((error: unknown) => {
    throw issuerError(issuer.url, error);
  });
}

/** An address that a person is told to open: http only on this machine, no credentials in it, nothing that hides. */
function shownUri(issuer: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isFit =
    url !== undefined && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)));
  if (!isFit || url.username !== "" || url.password !== "")
    throw notUnderstood(issuer, "its sign-in page has no https address");
  return printable(url.href, 2_000);
}

/** The `error` code of an OAuth error answer (RFC 6749 §5.2), wherever the library put it. */
function oauthError(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "error" in error && typeof error.error === "string"
    ? error.error
    : undefined;
}

function issuerError(url: string, error: unknown): PhiError {
  if (error instanceof PhiError) return error;
  const said = oauthError(error);
  if (said !== undefined) return notUnderstood(url, `it answered \`${printable(said, 80)}\``, error);
  if (error instanceof Error && error.cause instanceof RangeError)
    return notUnderstood(url, "its answer is too large", error);
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  if (/^OAUTH_(?!TIMEOUT|ABORT)/.test(code))
    return notUnderstood(url, "its answer is not one of OpenID Connect", error);
  const { isUntrusted, reason, advice } = connectionFailure(error);
  const what = isUntrusted ? "cannot be trusted" : "does not answer";
  return new PhiError("issuer_unreachable", `The issuer ${printable(url, 200)} ${what} (${reason}).`, {
    hint: advice ?? "check the network (and HTTPS_PROXY), then sign in again",
    cause: error,
  });
}

function notUnderstood(url: string, what: string, cause?: unknown): PhiError {
  return new PhiError("bad_answer", `The issuer ${printable(url, 200)} cannot be used: ${what}.`, {
    hint: "tell whoever runs the broker: its `issuer` section and the issuer's client must fit together",
    cause,
  });
}
