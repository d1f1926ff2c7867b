import { createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";

/** Ed25519, in the register of C2SP signed-note. */
const ALGORITHM = 1;
/** RFC 8410 §4: what precedes the 32 bytes of an Ed25519 public key in its SubjectPublicKeyInfo. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** A key that checkpoints are verified with. */
export interface LogKey {
  /** Name of the log; also the origin of its checkpoints. */
  readonly name: string;
  /** First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), hex (C2SP signed-note, Ed25519 signatures). */
  readonly id: string;
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
}

/** The key of a name and 32 bytes. */
export function logKey(name: string, publicKey: Uint8Array): LogKey {
  const bytes = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ALGORITHM), publicKey]);
  return { name, id: hash("sha256", bytes, "hex").slice(0, 8), publicKey };
}

/** The public half of a private Ed25519 key, under a name. */
export function logKeyOf(name: string, privateKey: KeyObject): LogKey {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return logKey(name, spki.subarray(SPKI_PREFIX.length));
}

/** A key as people pass it on: `name+id+base64(0x01 ‖ public key)`, the form of verifier keys for signed notes. */
export function formatLogKey({ name, id, publicKey }: LogKey): string {
  return `${name}+${id}+${Buffer.concat([Buffer.of(ALGORITHM), publicKey]).toString("base64")}`;
}

/** Reads {@link formatLogKey}; `undefined` when it is not one, or its id is not the key's. */
export function parseLogKey(text: string): LogKey | undefined {
  if (text.length > 400) return undefined;
  const [, name, id, encoded] = /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  if (name === undefined || encoded === undefined || !isKeyName(name)) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length !== 33 || bytes[0] !== ALGORITHM || bytes.toString("base64") !== encoded) return undefined;
  const key = logKey(name, bytes.subarray(1));
  return key.id === id ? key : undefined;
}

/** C2SP signed-note: not empty, no Unicode spaces, no plus. Controls are refused too. */
export function isKeyName(text: string): boolean {
  return text.length > 0 && text.length <= 200 && !/[\s+\p{Cc}]/u.test(text) && text.isWellFormed();
}

/** Ed25519 over the text's UTF-8 (RFC 8032): 64 bytes. */
export function signText(text: string, privateKey: KeyObject): Uint8Array {
  return sign(null, Buffer.from(text), privateKey);
}

/** Whether the signature over the text is the key's. */
export function verifyText(text: string, signature: Uint8Array, { publicKey }: LogKey): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
  return verify(null, Buffer.from(text), key, signature);
}
