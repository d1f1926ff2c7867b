import { hash } from "node:crypto";

/**
 * One hash over all pieces of a recording, in order: c₀ = SHA-256("phi recording 1" ‖ session id), cₙ₊₁ = SHA-256(cₙ ‖ SHA-256(piece n)),
 * all in hex. An event `session.recorded` holds it with the number of pieces it covers; the event is a leaf of the log's tree, so
 * that a piece which was changed, exchanged or left out does not fit what the log says.
 */
export function chainStart(session: string): string {
  return sha256(`phi recording 1\n${session}`);
}

export function chainNext(before: string, chunkHash: string): string {
  return sha256(before + chunkHash);
}

export function sha256(content: string | Uint8Array): string {
  return hash("sha256", content, "hex");
}
