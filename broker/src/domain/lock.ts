import type { LockView } from "@phi/shared/contract/lock";
import type { LockId } from "@phi/shared/ids";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import type { Principal } from "./principal.js";

/** What a lock closes: one person, whatever they ask for, or one resource, whoever asks. */
export type LockTarget =
  | { readonly on: "principal"; readonly principal: Pick<Principal, "issuer" | "subject" | "name"> }
  | { readonly on: "resource"; readonly resource: string };

/** A lock in force. Setting it ends everything open of its target in the same instant; while it is there nothing new begins. */
export interface Lock {
  readonly id: LockId;
  readonly target: LockTarget;
  readonly reason: string;
  /** Who set it, in words: an operator's account or an admin's name. */
  readonly setBy: string;
  readonly setAt: Instant;
}

/** `db-prod`, `alice`, `alice (248289761001)`: a name alone can be chosen freely. */
export function targetWords(target: LockTarget): string {
  if (target.on === "resource") return target.resource;
  const { name, subject } = target.principal;
  return name === subject ? subject : `${name} (${subject})`;
}

/** What an operator types for the target. */
export function targetWord(target: LockTarget): string {
  return target.on === "resource" ? target.resource : target.principal.subject;
}

/** What those are told whom the lock keeps out: what is closed, since when, by whom and why. */
export function lockSentence({ target, reason, setBy, setAt }: Lock): string {
  const what = target.on === "resource" ? `${target.resource} is locked` : `${targetWords(target)} is locked out`;
  return `${what} since ${toRfc3339(setAt)}, by ${setBy}: "${reason}".`;
}

/** As people and programs read it. */
export function lockView({ id, target, reason, setBy, setAt }: Lock): LockView {
  const about = { lock: id, reason, setBy, setAt: toRfc3339(setAt) };
  if (target.on === "resource") return { ...about, on: target.on, resource: target.resource };
  const { issuer, subject, name } = target.principal;
  return { ...about, on: target.on, principal: { issuer, subject, name } };
}
