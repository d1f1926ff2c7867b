import { canonicalJson } from "@phi/shared/audit/canonical-json";
import { verifyProvenEvent } from "@phi/shared/audit/follow-key";
import type { LogKey } from "@phi/shared/audit/log-key";
import { decodeHash, type Hash } from "@phi/shared/audit/merkle-hash";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { PhiError } from "@phi/shared/errors";

export interface ClaimedEvent {
  readonly event: AuditEvent;
  readonly index: number;
  /** Hashes, or their base64. */
  readonly proof: readonly (Hash | string)[];
  readonly checkpoint: string;
  /** The event's text as it was given, which must be its canonical one: nothing in it may go unverified. */
  readonly text?: string;
}

/** Throws `log_broken` unless the event is in the log at its place, under a checkpoint that one of the keys signed. */
export function verifyProof({ event, index, proof, checkpoint, text }: ClaimedEvent, keys: readonly LogKey[]): void {
  const hashes = proof
    .map((one) => (typeof one === "string" ? decodeHash(one) : one))
    .filter((hash) => hash !== undefined);
  const isExact = text === undefined || text === canonicalJson(event);
  const isLeafTrue = hashes.length === proof.length && isExact;
  if (!isLeafTrue || verifyProvenEvent({ event, index, proof: hashes, checkpoint }, keys) === undefined) {
    throw new PhiError(
      "log_broken",
      `Event ${event.event} is not proven: it is not what was signed, or not with this key.`,
      {
        hint: "keep the proof, and tell whoever runs the broker",
      },
    );
  }
}
