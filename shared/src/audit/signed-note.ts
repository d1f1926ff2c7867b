import { isKeyName, type LogKey, verifyText } from "./log-key.js";

/** Longest note that is read, in characters; phi's own have about 300. */
const LONGEST = 16_384;
const MOST_SIGNATURES = 16;

/** One signature line of a note. */
export interface NoteSignature {
  readonly name: string;
  /** Key id, 8 hex digits. */
  readonly id: string;
  readonly signature: Uint8Array;
}

/** A note: text that ends with a newline, and who signed it. Not verified by being read. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** The note as text (C2SP signed-note). */
export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignature).join("")}`;
}

/** One signature line, its newline included. */
export function formatSignature({ name, id, signature }: NoteSignature): string {
  return `— ${name} ${Buffer.concat([Buffer.from(id, "hex"), signature]).toString("base64")}\n`;
}

/** Reads a note; `undefined` when it is not one, to the byte. */
export function parseNote(note: string): Note | undefined {
  if (note.length > LONGEST || !note.isWellFormed() || /[^\P{Cc}\n]/u.test(note)) return undefined;
  const end = note.lastIndexOf("\n\n");
  if (end === -1 || !note.endsWith("\n")) return undefined;
  const lines = note.slice(end + 2, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignature(line);
    if (signature === undefined) return undefined;
    signatures.push(signature);
  }
  return { text: note.slice(0, end + 1), signatures };
}

function parseSignature(line: string): NoteSignature | undefined {
  const [, name, encoded] = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  if (name === undefined || encoded === undefined || !isKeyName(name)) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length < 5 || bytes.toString("base64") !== encoded) return undefined;
  return { name, id: bytes.toString("hex", 0, 4), signature: bytes.subarray(4) };
}

/**
 * Whether one of the keys signed the note. Signatures of unknown keys are ignored; one that claims a known key and does not hold condemns
 * the note (C2SP signed-note, Signatures).
 */
export function verifyNote({ text, signatures }: Note, keys: readonly LogKey[]): boolean {
  const known = signatures.flatMap((one) => {
    const key = keys.find(({ name, id }) => name === one.name && id === one.id);
    return key === undefined ? [] : [verifyText(text, one.signature, key)];
  });
  return known.length > 0 && known.every((holds) => holds);
}
