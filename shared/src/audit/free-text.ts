import { hash } from "node:crypto";
import { canonicalJson } from "./canonical-json.js";

/**
 * What people typed, or what quotes it: it may hold names, addresses or a secret pasted by mistake, so it must be possible to
 * erase it. A field of an event's data with one of these names is in the event's leaf as a salted hash only.
 */
const FREE_TEXT: ReadonlySet<string> = new Set(["reason", "ticket", "comment", "command", "error", "text", "typed"]);
/** Also on a refusal: there they quote what was asked for. */
const QUOTED: ReadonlySet<string> = new Set(["because", "request", "resource"]);

/** Whether a field of the event's data can be erased. */
export function isFreeText(kind: string, field: string): boolean {
  return FREE_TEXT.has(field) || (QUOTED.has(field) && kind.endsWith(".refused"));
}

/** What stands in the leaf for a free text: `{"sha256": hex}`. */
export interface Commitment {
  readonly sha256: string;
}

/** SHA-256(salt ‖ canonical JSON of the value), hex; the salt as the characters of its base64url. */
export function commit(value: unknown, salt: string): Commitment {
  return { sha256: commitJson(canonicalJson(value), salt) };
}

/** The hash in {@link commit}, of a value whose canonical JSON is there already. */
export function commitJson(json: string, salt: string): string {
  return hash("sha256", salt + json, "hex");
}

/** Whether a value is what stands in for a text. */
export function isCommitment(value: unknown): value is Commitment {
  if (typeof value !== "object" || value === null) return false;
  const { sha256, ...more } = value as Record<string, unknown>;
  return typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256) && Object.keys(more).length === 0;
}
