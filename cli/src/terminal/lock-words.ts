import type { LockView } from "@phi/shared/contract/lock";
import { printable } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import { personWords } from "./request-words.js";
import { relative } from "./times.js";

/** `db-prod`, or a person. */
export function lockedWords({ principal, resource }: LockView): string {
  return principal === undefined ? (resource ?? "?") : personWords(principal);
}

/** `db-prod is locked since 5m ago, by dave: "migration"`. */
export function lockSentence(lock: LockView, now: Instant): string {
  return `${lockedWords(lock)} is locked (${relative(Date.parse(lock.setAt), now)}, by ${printable(lock.setBy, 120)}): “${printable(lock.reason, 500)}”`;
}
