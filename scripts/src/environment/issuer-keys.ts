import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { exportJWK, generateKeyPair, type JWK } from "jose";

/** Private signing keys; the first one signs, all are published. */
export type SigningKeys = readonly [JWK, ...JWK[]];

/** A new ES256 key (RFC 7518 §3.4). */
export async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const kid = `dev-${crypto.randomUUID().slice(0, 8)}`;
  return { ...(await exportJWK(privateKey)), use: "sig", alg: "ES256", kid };
}

/** The keys of the file, or new ones, stored there; without a file just new ones. */
export async function loadSigningKeys(file: string | undefined): Promise<SigningKeys> {
  const kept = file === undefined ? undefined : read(file);
  const keys: SigningKeys = kept ?? [await newSigningKey()];
  storeSigningKeys(file, keys);
  return keys;
}

export function storeSigningKeys(file: string | undefined, keys: SigningKeys): void {
  if (file === undefined) return;
  writeFileSync(`${file}.new`, JSON.stringify({ keys }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function read(file: string): SigningKeys | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const [first, ...others] = (JSON.parse(text) as { keys: JWK[] }).keys;
  return first === undefined ? undefined : [first, ...others];
}
