/** What one profile holds. The token is in it only when there is no keyring. */
export type Profile = {
  /** Origin of the broker, e.g. `https://phi.example.com`. The token is sent there and nowhere else. */
  readonly broker: string;
  readonly principal: { readonly issuer: string; readonly subject: string; readonly name: string };
  readonly groups: readonly string[];
  /** Id of the sign-in on the broker; not secret. */
  readonly signIn: string;
  /** RFC 3339; when the broker will refuse the token. For people: the broker's clock decides, not this one's. */
  readonly expiresAt: string;
} & TokenPlace;

/** Where the token is kept. */
export type TokenPlace = { readonly store: "keyring" } | { readonly store: "file"; readonly token: string };

/** Reads a profile's file. `undefined` when it is not one, whatever it is instead. By hand: zod is too slow for the hot path. */
export function parseProfile(text: string): Profile | undefined {
  const value = fromJson(text);
  if (!isRecord(value) || !isRecord(value.principal) || !Array.isArray(value.groups)) return undefined;
  const { issuer, subject, name } = value.principal;
  const { broker, signIn, expiresAt, groups } = value;
  if (!isText(issuer) || !isText(subject) || !isText(name) || !groups.every(isText)) return undefined;
  if (!isText(broker) || !isText(signIn) || !isText(expiresAt) || Number.isNaN(Date.parse(expiresAt))) return undefined;
  const place = placeOf(value);
  return place && { broker, principal: { issuer, subject, name }, groups, signIn, expiresAt, ...place };
}

function placeOf(value: Record<string, unknown>): TokenPlace | undefined {
  if (value.store === "keyring") return { store: "keyring" };
  const token = value.token;
  return value.store === "file" && isToken(token) ? { store: "file", token } : undefined;
}

/** Whether a text has the form of a phi token, so that nothing else is ever put into a header. */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length === 47 && /^phi_[A-Za-z0-9_-]+$/.test(value);
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= 2_048;
}
