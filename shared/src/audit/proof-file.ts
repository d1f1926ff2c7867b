import { decodeHash, encodeHash, type Hash } from "./merkle-hash.js";

const FIRST_LINE = "c2sp.org/tlog-proof@v1";
/** Longest file that is read, in characters: an event has at most 64 KiB. */
const LONGEST = 262_144;

/** A proof that stands alone (C2SP tlog-proof): one event, and that it is in the log at that index. */
export interface ProofFile {
  /** The event as JSON, as the audit log gives it. Not authenticated by itself: the leaf is made from it anew. */
  readonly extra: string;
  /** From 0. */
  readonly index: number;
  /** From the leaf's sibling to a child of the root. */
  readonly proof: readonly Hash[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
}

/** The file's text; its name should end with `.tlog-proof`. */
export function formatProofFile({ extra, index, proof, checkpoint }: ProofFile): string {
  const lines = [
    FIRST_LINE,
    `extra ${Buffer.from(extra).toString("base64")}`,
    `index ${index}`,
    ...proof.map(encodeHash),
  ];
  return `${lines.join("\n")}\n\n${checkpoint}`;
}

/** Reads a proof file; `undefined` when it is not one, to the byte. */
export function parseProofFile(text: string): ProofFile | undefined {
  const end = text.indexOf("\n\n");
  if (text.length > LONGEST || end === -1) return undefined;
  const [first, extraLine = "", indexLine = "", ...hashes] = text.slice(0, end).split("\n");
  const encoded = /^extra ([A-Za-z0-9+/]+={0,2})$/.exec(extraLine)?.[1];
  const digits = /^index (0|[1-9]\d{0,15})$/.exec(indexLine)?.[1];
  if (first !== FIRST_LINE || encoded === undefined || digits === undefined) return undefined;
  const extra = Buffer.from(encoded, "base64");
  const proof = hashes.map(decodeHash).filter((hash) => hash !== undefined);
  if (extra.toString("base64") !== encoded || proof.length !== hashes.length) return undefined;
  return { extra: extra.toString("utf8"), index: Number(digits), proof, checkpoint: text.slice(end + 2) };
}
