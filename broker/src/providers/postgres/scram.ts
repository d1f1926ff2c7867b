import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** 192 random bits as 32 characters of base64url: only ASCII, so that SASLprep (RFC 4013) leaves it as it is. */
export function newPassword(): string {
  return randomBytes(24).toString("base64url");
}

/**
 * The SCRAM-SHA-256 verifier (RFC 5802 §3, RFC 7677) in the form in which PostgreSQL stores it; given instead of a
 * password, it is stored as it is. So the password itself is never sent to the server and is in none of its logs.
 *
 * `iterations` make guessing a human's password slow. 192 random bits cannot be guessed at any speed, and the server
 * repeats the work on each CREATE ROLE (6.6 to 13 times slower with 4,096), so one is enough.
 */
export function scramVerifier(password: string, iterations: number, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest("base64");
  const serverKey = hmac(salted, "Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
