import { randomFillSync } from "node:crypto";

const LENGTH = 16;
/** Random bytes are fetched for so many salts at a time: a call costs as much as a salt's whole event. Each is used once, and not kept. */
const pool = Buffer.alloc(256 * LENGTH);
let used = pool.length;

/** 128 random bits, as 22 characters of base64url, so that nobody guesses a short text from its hash. */
export function newSalt(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const salt = pool.toString("base64url", used, used + LENGTH);
  pool.fill(0, used, used + LENGTH);
  used += LENGTH;
  return salt;
}
