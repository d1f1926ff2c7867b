import { type Frontier, packSubtrees, unpackFrontier } from "@phi/shared/audit/frontier";
import { PhiError } from "@phi/shared/errors";
import { readPrivate, replacePrivate } from "./private-file.js";

/** What was signed last, as it is remembered outside the ledger. */
export interface RememberedHead {
  readonly origin: string;
  readonly frontier: Frontier;
  /** The signed checkpoint. */
  readonly checkpoint: string;
}

/** What the file remembers; `undefined` when there is none. @throws PhiError `local_state` when it is damaged: then nothing is known, and nobody should guess. */
export function readHead(path: string): RememberedHead | undefined {
  const text = readPrivate(path);
  if (text === undefined) return undefined;
  const head = parse(text);
  if (head !== undefined) return head;
  throw new PhiError("local_state", `The file ${path} is damaged: what the log's key signed last cannot be read.`, {
    hint: "Put it back. If it is lost, remove it: the broker then trusts the newest checkpoint that the ledger holds.",
  });
}

/** Replaces the file, unless it knows more of the same log: brokers on one machine may share it. On disk when it resolves. */
export async function writeHead(path: string, { origin, frontier, checkpoint }: RememberedHead): Promise<void> {
  const subtrees = Buffer.from(packSubtrees(frontier)).toString("base64");
  const text = `${JSON.stringify({ origin, size: frontier.size, subtrees, checkpoint }, null, 2)}\n`;
  await replacePrivate(path, text, () => {
    const known = readHead(path);
    return !(known?.origin === origin && known.frontier.size > frontier.size);
  });
}

function parse(text: string): RememberedHead | undefined {
  try {
    const { origin, size, subtrees, checkpoint } = JSON.parse(text) as Record<string, unknown>;
    if (typeof origin !== "string" || typeof checkpoint !== "string" || typeof subtrees !== "string") return undefined;
    const frontier = unpackFrontier(Number(size), Buffer.from(subtrees, "base64"));
    return frontier && { origin, frontier, checkpoint };
  } catch {
    return undefined;
  }
}
