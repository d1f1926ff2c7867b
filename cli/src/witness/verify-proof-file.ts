import { canonicalJson } from "@phi/shared/audit/canonical-json";
import { parseCheckpoint } from "@phi/shared/audit/checkpoint";
import { verifyProvenEvent } from "@phi/shared/audit/follow-key";
import { leafOf } from "@phi/shared/audit/leaf";
import type { LogKey } from "@phi/shared/audit/log-key";
import { decodeHash, type Hash } from "@phi/shared/audit/merkle-hash";
import { parseProofFile } from "@phi/shared/audit/proof-file";
import { type AuditEvent, auditEvent } from "@phi/shared/contract/audit-event";
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

/** Reads a proof file's text and verifies it. Throws `log_broken` for anything that is not one, to the byte, or does not hold. */
export function verifyProofText(
  text: string,
  keys: readonly LogKey[],
): { event: AuditEvent; index: number; signed: number } {
  const file = parseProofFile(text);
  const read = file === undefined ? undefined : auditEvent.safeParse(toJson(file.extra));
  if (file === undefined || read?.success !== true)
    throw new PhiError("log_broken", "The file is damaged: it is no proof.", {
      hint: "phi audit prove EVENT --output FILE",
    });
  const { index, proof, checkpoint, extra } = file;
  verifyProof({ event: read.data, index, proof, checkpoint, text: extra }, keys);
  return { event: read.data, index, signed: parseCheckpoint(checkpoint)?.size ?? 0 };
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Throws `log_broken` unless the event is in the log at its place, under a checkpoint that one of the keys signed. */
export function verifyProof({ event, index, proof, checkpoint, text }: ClaimedEvent, keys: readonly LogKey[]): void {
  const hashes = proof
    .map((one) => (typeof one === "string" ? decodeHash(one) : one))
    .filter((hash) => hash !== undefined);
  const isExact = text === undefined || text === canonicalJson(event);
  const isLeafTrue = hashes.length === proof.length && isExact && makesItsLeaf(event);
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

function makesItsLeaf(event: AuditEvent): boolean {
  try {
    return event.leaf === undefined || event.leaf === Buffer.from(leafOf(event)).toString("hex");
  } catch {
    return false; // data that has no canonical JSON makes no leaf
  }
}
