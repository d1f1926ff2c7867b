import { parseCheckpoint, type SignedCheckpoint, verifyCheckpoint } from "@phi/shared/audit/checkpoint";
import type { Leafable } from "@phi/shared/audit/leaf";
import type { LogKey } from "@phi/shared/audit/log-key";
import { createLogVerifier, type LogFault } from "@phi/shared/audit/verify-events";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { PhiError } from "@phi/shared/errors";

/** Longest line, in characters: an event has at most 64 KiB of data. */
const LONGEST_LINE = 1_048_576;

export interface VerifiedLog {
  /** Events that were read. */
  readonly events: number;
  /** Events under the signed checkpoint. */
  readonly signed: number;
  /** The first thing that is wrong; absent when all is well. */
  readonly fault: LogFault | undefined;
}

/**
 * Verifies an export of the whole log, in pieces as it comes: its first line is the signed checkpoint, and each other one an event. Also held to
 * what this machine saw of the log before. Throws `log_broken` when the checkpoint is not signed by one of the keys.
 */
export async function verifyExport(
  pieces: AsyncIterable<Uint8Array>,
  {
    keys,
    witnessed,
    heard,
  }: {
    readonly keys: readonly LogKey[];
    readonly witnessed:
      | SignedCheckpoint
      | undefined /** Of each event that makes its leaf; whether all of them are those that were signed is known at the end. */;
    readonly heard?: (event: Pick<AuditEvent, "kind" | "session" | "data">) => void;
  },
): Promise<VerifiedLog> {
  let signed: SignedCheckpoint | undefined;
  let verifier = createLogVerifier([]);
  for await (const line of lines(pieces)) {
    const value = toObject(line);
    if (signed === undefined) {
      signed = parseCheckpoint(typeof value?.checkpoint === "string" ? value.checkpoint : "");
      if (signed === undefined)
        throw new PhiError(
          "invalid_input",
          "This is no export of the whole log: it does not begin with a checkpoint.",
          {
            hint: "phi audit export --output all.jsonl, as an auditor, without a filter",
          },
        );
      if (!verifyCheckpoint(signed, keys))
        throw new PhiError("log_broken", "The checkpoint is not signed with the log's key.");
      verifier = createLogVerifier([signed.size, ...(witnessed === undefined ? [] : [witnessed.size])]);
      continue;
    }
    const fault =
      value === undefined
        ? { seq: verifier.size + 1, because: "cannot be read" }
        : verifier.add(value as unknown as Leafable);
    if (fault !== undefined) return { events: verifier.size, signed: signed.size, fault };
    heard?.(value as unknown as AuditEvent);
  }
  if (signed === undefined) throw new PhiError("invalid_input", "There is nothing in this export.");
  const fault = verifier.compare(signed) ?? (witnessed === undefined ? undefined : verifier.compare(witnessed));
  return { events: verifier.size, signed: signed.size, fault };
}

async function* lines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new PhiError("invalid_input", "The export has a line that is far too long.");
    yield* parts.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}

function toObject(line: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
