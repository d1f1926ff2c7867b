import type { LeaseId, SessionId } from "@phi/shared/ids";
import type { Recording, Recordings } from "../ports/recordings.js";
import { compileRecordingStep } from "./recording-steps.js";
import { recordingChunks, recordings } from "./schema/recordings.js";
import { sessions } from "./schema/sessions.js";
import { rowTo, select } from "./select.js";
import { createSessionLog } from "./session-log.js";
import { sql } from "./sql.js";
import type { Statement } from "./statement.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

/** Reads pieces, and nothing else of a store. */
export function createChunkReader(rows: Store["rows"]): Pick<Recordings, "chunks"> {
  return {
    async chunks(session, from, mostBytes) {
      const found = [];
      let size = 0;
      // One at a time: how many fit is known only as they come.
      for (let n = from; size < mostBytes; n++) {
        const [row] = await rows(
          select(recordingChunks, sql`where ${recordingChunks.sessionId} = ${session} and ${recordingChunks.n} = ${n}`),
        );
        if (row === undefined) break;
        const { hash, data } = rowTo(recordingChunks, row);
        if (found.length > 0 && size + data.length > mostBytes) break;
        found.push({ n, hash, data });
        size += data.length;
      }
      return found;
    },
  };
}

/** Recordings, and the sessions they are of, on an open store. */
export function createRecordings({ rows, writer }: Store): Recordings {
  async function all(rest: Statement): Promise<Recording[]> {
    return (await rows(select(recordings, rest))).map((row) => fromRow(rowTo(recordings, row)));
  }

  return withWords<Recordings>({
    ...createSessionLog(rows),

    async of(session) {
      return (await all(sql`where ${recordings.sessionId} = ${session}`))[0];
    },

    async append(step) {
      const { first, rest } = compileRecordingStep(step, sql`1`, sql`1`);
      const has = sql`select 1 from ${recordings} where ${recordings.sessionId} = ${step.sessionId} and ${recordings.chain} = ${step.chain.after}`;
      const moved = await writer.write([first, ...rest], async () => (await rows(has)).length > 0);
      return moved ? "moved" : "lost_race";
    },

    ...createChunkReader(rows),

    async chunkHash(session, n) {
      const [row] = await rows(
        sql`select ${recordingChunks.hash} from ${recordingChunks} where ${recordingChunks.sessionId} = ${session} and ${recordingChunks.n} = ${n}`,
      );
      return row === undefined ? undefined : String(row[0]);
    },

    async unrecorded(startedBefore, limit) {
      const found = await rows(
        sql`select ${sessions.id}, ${sessions.leaseId} from ${sessions} left join ${recordings} on ${recordings.sessionId} = ${sessions.id}
          where ${sessions.endedAt} is null and ${sessions.recording} = 'required' and ${sessions.startedAt} < ${startedBefore}
          and (${recordings.state} is null or (${recordings.state} <> 'running' and ${recordings.lastAt} < ${startedBefore})) limit ${limit}`,
      );
      return found.map(([sessionId, leaseId]) => ({ sessionId: sessionId as SessionId, leaseId: leaseId as LeaseId }));
    },

    unfinished: (silentSince, limit) =>
      all(sql`where ${recordings.state} = 'running' and ${recordings.lastAt} < ${silentSince} and exists (select 1 from ${sessions}
        where ${sessions.id} = ${recordings.sessionId} and ${sessions.endedAt} is not null) limit ${limit}`),

    older: (startedBefore, limit) =>
      all(sql`where ${recordings.removedAt} is null and ${recordings.startedAt} < ${startedBefore} and ${recordings.state} <> 'running'
        order by ${recordings.startedAt} limit ${limit}`),
  });
}

function fromRow({ removedAt: _, sessionId, ...row }: typeof recordings.$inferSelect): Recording {
  return { ...row, sessionId: sessionId as SessionId };
}
