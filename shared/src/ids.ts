/**
 * Identifiers that people type: a three-letter prefix, an underscore and characters of Crockford's base32
 * (https://www.crockford.com/base32.html) in lower case, so that no two of them look alike.
 */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

const KINDS = {
  sign_in: "sin",
  request: "req",
  lease: "lse",
  session: "ses",
  event: "evt",
  lock: "lck",
  delegation: "dlg",
} as const;

export type IdKind = keyof typeof KINDS;
declare const brand: unique symbol;
type Id<K extends IdKind> = string & { readonly [brand]: K };
export type SignInId = Id<"sign_in">;
export type RequestId = Id<"request">;
export type LeaseId = Id<"lease">;
export type SessionId = Id<"session">;
export type EventId = Id<"event">;
export type LockId = Id<"lock">;
export type DelegationId = Id<"delegation">;
export interface IdOf {
  sign_in: SignInId;
  request: RequestId;
  lease: LeaseId;
  session: SessionId;
  event: EventId;
  lock: LockId;
  delegation: DelegationId;
}

/** 12 characters, 60 bits, for what people type; leases and sessions carry 16 (80 bits), and so do events. */
const LENGTH: Record<IdKind, number> = {
  sign_in: 12,
  request: 12,
  lease: 16,
  session: 16,
  event: 16,
  lock: 12,
  delegation: 12,
};

/**
 * A new identifier of the kind, for example `req_7k3m9q2x4v8a`: random, but for events. Those of one process are numbered behind a random
 * beginning, so that the index of millions of them grows at one place instead of everywhere.
 */
export function newId<K extends IdKind>(kind: K): IdOf[K] {
  return `${KINDS[kind]}_${kind === "event" ? numbered() : randomText(LENGTH[kind])}` as IdOf[K];
}

/** 50 random bits, and a number of 30. */
const NUMBER_LENGTH = 6;
let beginning = "";
let number = 0;

function numbered(): string {
  if (beginning === "" || number === 32 ** NUMBER_LENGTH) {
    beginning = randomText(LENGTH.event - NUMBER_LENGTH);
    number = 0;
  }
  let text = "";
  for (let left = number++, place = 0; place < NUMBER_LENGTH; place++, left >>>= 5) text = ALPHABET[left & 31] + text;
  return beginning + text;
}

/** Random bytes are fetched so many at a time: a call costs as much as hundreds of bytes do. Each is used once. */
const pool = new Uint8Array(1_024);
let used = pool.length;

/** `length` random characters of the alphabet: 5 bits each, unbiased. */
export function randomText(length: number): string {
  let text = "";
  while (text.length < length) {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    text += ALPHABET[(pool[used++] ?? 0) & 31];
  }
  return text;
}

/**
 * Reads what a person typed as an identifier: upper case is lowered, and i, l, o are read as 1, 1, 0 (Crockford).
 * `undefined` when it cannot be one. A complete identifier only; see {@link parseIdPrefix} for a shortened one.
 */
export function parseId<K extends IdKind>(kind: K, typed: string): IdOf[K] | undefined {
  const text = parseIdPrefix(kind, typed);
  return text !== undefined && text.length === KINDS[kind].length + 1 + LENGTH[kind] ? (text as IdOf[K]) : undefined;
}

/** As {@link parseId}, for the beginning of an identifier: at least four characters after the prefix. */
export function parseIdPrefix(kind: IdKind, typed: string): string | undefined {
  if (typed.length > 64) return undefined;
  const lower = typed.trim().toLowerCase();
  const prefix = `${KINDS[kind]}_`;
  if (!lower.startsWith(prefix)) return undefined;
  const body = lower.slice(prefix.length).replaceAll(/[il]/g, "1").replaceAll("o", "0");
  if (body.length < 4 || body.length > LENGTH[kind] || !/^[0-9a-hjkmnp-tv-z]+$/.test(body)) return undefined;
  return prefix + body;
}
