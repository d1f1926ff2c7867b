import { isKeyName, type LogKey } from "./log-key.js";
import { decodeHash, encodeHash } from "./merkle-hash.js";
import { type Note, parseNote, verifyNote } from "./signed-note.js";
import type { Head } from "./verify-proof.js";

/** What a checkpoint says: which log, how many events, and the root over them. */
export interface Checkpoint extends Head {
  /** Identity of the log. */
  readonly origin: string;
}

/** The text of a checkpoint's note (C2SP tlog-checkpoint), without extension lines. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${encodeHash(root)}\n`;
}

/** Reads the text; extension lines are refused, because nobody could audit what they say. */
export function parseCheckpointText(text: string): Checkpoint | undefined {
  const [origin = "", digits = "", root, end, ...more] = text.split("\n");
  const size = /^(?:0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : Number.NaN;
  const hash = decodeHash(root);
  if (!isKeyName(origin) || !Number.isSafeInteger(size) || hash === undefined || end !== "" || more.length > 0)
    return undefined;
  return { origin, size, root: hash };
}

/** A signed checkpoint that was read, and not verified yet. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note;
}

/** Reads a signed checkpoint; `undefined` when it is not one. */
export function parseCheckpoint(text: string): SignedCheckpoint | undefined {
  const note = parseNote(text);
  const checkpoint = note && parseCheckpointText(note.text);
  return checkpoint && note && { ...checkpoint, note };
}

/** Whether the checkpoint is of the keys' log, and signed by one of them. */
export function verifyCheckpoint({ origin, note }: SignedCheckpoint, keys: readonly LogKey[]): boolean {
  return verifyNote(
    note,
    keys.filter(({ name }) => name === origin),
  );
}
