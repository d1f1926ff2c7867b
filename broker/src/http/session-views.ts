import type { RecordingPage, RecordingPiece, SessionView } from "@phi/shared/contract/session";
import { toRfc3339 } from "@phi/shared/time";
import type { RecordingPart } from "../operations/read-recording.js";
import type { Chunk, SessionRecord } from "../ports/recordings.js";

/** Sessions and their recordings as the contract has them. */
export function sessionView(session: SessionRecord): SessionView {
  const { endedAt, exitCode, signal, endedBecause, recorded } = session;
  const { issuer, subject, name } = session.principal;
  return {
    session: session.id,
    request: session.requestId,
    lease: session.leaseId,
    principal: { issuer, subject, name },
    resource: session.resource,
    role: session.role,
    host: session.host,
    command: [...session.command],
    startedAt: toRfc3339(session.startedAt),
    ...(endedAt === undefined ? {} : { endedAt: toRfc3339(endedAt) }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(endedBecause === undefined ? {} : { endedBecause }),
    ...(recorded === undefined ? {} : { recording: { ...recorded } }),
  };
}

export function recordingPiece({ n, data }: Chunk): RecordingPiece {
  return { n, data: Buffer.from(data).toString("base64") };
}

export function recordingPage({ session, chunks, next }: RecordingPart): RecordingPage {
  return {
    session: sessionView(session),
    chunks: chunks.map(recordingPiece),
    ...(next === undefined ? {} : { next }),
  };
}
