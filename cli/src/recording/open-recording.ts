import type { SessionView } from "@phi/shared/contract/session";
import type { BrokerClient } from "../broker-client/client.js";
import { unpack } from "./unpack.js";

/** A recording on the broker. What was read once is kept, compressed, so that going back asks for nothing again. */
export interface OpenedRecording {
  readonly session: SessionView;
  /** All lines from the beginning, piece by piece; each time anew. */
  lines(): AsyncGenerator<string, void, void>;
}

/** Reads the first pieces. Throws what the broker refuses with: `not_found`, `wrong_state` when there is no recording. */
export async function openRecording(broker: BrokerClient, id: string): Promise<OpenedRecording> {
  const first = await broker.recording(id, 0);
  const { session } = first;
  const pieces = [...first.chunks];
  let next = first.next;

  async function* lines(): AsyncGenerator<string, void, void> {
    for (let n = 0; ; n++) {
      if (n >= pieces.length) {
        if (next === undefined) return;
        const page = await broker.recording(session.session, next);
        // A page that brings nothing would be asked for for ever.
        if (page.chunks.length === 0) return;
        pieces.push(...page.chunks);
        next = page.next;
      }
      const piece = pieces[n];
      if (piece === undefined) return;
      for (const line of (await unpack(piece)).split("\n")) if (line !== "") yield line;
    }
  }

  return { session, lines };
}
