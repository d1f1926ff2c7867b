import { printable } from "@phi/shared/text";

/** Why a connection failed, and what to do about it when that is known. */
export interface ConnectionFailure {
  /** Whether somebody answered who could not prove to be the one that was asked for. */
  readonly isUntrusted: boolean;
  /** In a few words, to stand in a sentence. */
  readonly reason: string;
  /** What to type or whom to tell; nothing when the network may simply be down. */
  readonly advice?: string;
}

/** The system's codes (errno(3), getaddrinfo(3)) in words. */
const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection cut",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name cannot be looked up",
  ETIMEDOUT: "no answer in time",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no network",
};

/** OpenSSL's verdicts on a chain that ends nowhere (X509_STORE_CTX_get_error(3)). */
const STRANGER =
  /^(?:UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(?:_LOCALLY)?)|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_UNTRUSTED|CERT_REJECTED)$/;

/** Reads what a transport threw. Its causes are looked through, because fetch and openid-client wrap what happened. */
export function connectionFailure(thrown: unknown): ConnectionFailure {
  const error = innermost(thrown);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const network = NETWORK[code];
  if (network !== undefined) return { isUntrusted: false, reason: network };
  const untrusted = (reason: string, advice: string) => ({ isUntrusted: true, reason, advice });
  if (STRANGER.test(code))
    return untrusted(
      "its certificate comes from an authority that is not trusted here",
      "for an authority of your company's own: NODE_EXTRA_CA_CERTS=/path/to/ca.pem phi …",
    );
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return untrusted(
      `its certificate is for another name${namesOf(error)}`,
      "check the address; if it is right, tell whoever runs the server",
    );
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return untrusted(
      code === "CERT_HAS_EXPIRED" ? "its certificate has expired" : "its certificate is not valid yet",
      "check this machine's clock; if it is right, tell whoever runs the server",
    );
  if (/wrong version number|packet length too long/i.test(error.message))
    return untrusted("it does not speak TLS", "check the address and the port");
  return {
    isUntrusted: /^CERT_/.test(code),
    reason: printable(error.message === "" ? code || "unknown" : error.message, 200),
  };
}

function innermost(thrown: unknown): Error {
  let error = thrown instanceof Error ? thrown : new Error(String(thrown));
  // Bounded: causes can be made to go round.
  for (let depth = 0; depth < 8 && error.cause instanceof Error; depth++) error = error.cause;
  return error;
}

/** The names that a certificate is for, as Node's error carries them. */
function namesOf(error: Error): string {
  const cert = "cert" in error ? error.cert : undefined;
  const names = typeof cert === "object" && cert !== null && "subjectaltname" in cert ? cert.subjectaltname : undefined;
  return typeof names === "string" && names !== "" ? ` (${printable(names, 120)})` : "";
}
