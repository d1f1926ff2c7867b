import { isRecordingMark, verifyRecordedPieces } from "@phi/shared/audit/verify-recording";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { RecordingPage } from "@phi/shared/contract/session";
import type { People } from "./case.js";
import type { Promised } from "./stories.js";

/** What is wrong with the recordings: pieces that were taken and are gone, and such as the log does not bear out. */
export async function judgeRecordings(
  { alice }: People,
  events: readonly AuditEvent[],
  promised: readonly Promised[],
): Promise<string[]> {
  const taken = new Map(promised.flatMap(({ id, pieces }) => (pieces === undefined ? [] : [[id, pieces] as const])));
  const marks = events.filter(isRecordingMark);
  const sessions = new Set([...taken.keys(), ...marks.flatMap(({ session }) => session ?? [])]);
  const faults: string[] = [];
  for (const session of sessions) {
    const { body } = await alice.call<RecordingPage>("GET", `/v1/sessions/${session}/recording`);
    const pieces = (body.chunks ?? []).map(({ n, data }) => ({ n, data: Buffer.from(data, "base64") }));
    const verdict = await verifyRecordedPieces(session, marks, each(pieces));
    if (verdict.verdict !== "intact") faults.push(`the recording of ${session}: ${JSON.stringify(verdict)}`);
    const promisedPieces = taken.get(session) ?? 0;
    if (pieces.length < promisedPieces)
      faults.push(`the recording of ${session} has ${pieces.length} pieces, and ${promisedPieces} were taken`);
  }
  return faults;
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
