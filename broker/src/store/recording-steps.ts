import type { RecordingStep } from "../ports/recordings.js";
import type { CompiledStep } from "./compiled-step.js";
import { recordingChunks, recordings } from "./schema/recordings.js";
import { insertIf, sql, updateIf } from "./sql.js";
import type { Statement } from "./statement.js";

/** What a step of a recording does, in SQL; see `steps.ts`. */
export function compileRecordingStep(step: RecordingStep, condition: Statement, follow: Statement): CompiledStep {
  const is = sql`${recordings.sessionId} = ${step.sessionId}`;
  switch (step.do) {
    case "append_chunk":
      return {
        first: step.chunk.n === 0 ? begin(step, condition) : extend(step, condition),
        rest: [
          insertIf(
            recordingChunks,
            {
              sessionId: step.sessionId,
              n: step.chunk.n,
              at: step.at,
              hash: step.chunk.hash,
              data: Buffer.from(step.chunk.data),
            },
            // The chain names just this piece behind just those before it.
            sql`exists (select 1 from ${recordings} where ${is} and ${recordings.chain} = ${step.chain.after})
              and not exists (select 1 from ${recordingChunks} where ${recordingChunks.sessionId} = ${step.sessionId} and ${recordingChunks.n} = ${step.chunk.n})`,
          ),
        ],
      };
    case "close_recording":
      return {
        first: updateIf(
          recordings,
          { state: step.to, logged: step.chunks, loggedAt: step.at, lastAt: step.at },
          sql`${is} and ${recordings.state} = 'running' and ${recordings.chunks} = ${step.chunks} and ${condition}`,
        ),
        rest: [],
      };
    case "remove_recording":
      return {
        first: updateIf(
          recordings,
          { state: "removed", removedAt: step.at },
          sql`${is} and ${recordings.state} not in ('running', 'removed') and ${condition}`,
        ),
        rest: [
          sql`delete from ${recordingChunks} where ${recordingChunks.sessionId} = ${step.sessionId} and ${follow}`,
        ],
      };
  }
}

type Append = Extract<RecordingStep, { do: "append_chunk" }>;

function begin({ sessionId, chunk, at, chain, isLast, isLogged }: Append, condition: Statement): Statement {
  return insertIf(
    recordings,
    {
      sessionId,
      state: isLast ? "complete" : "running",
      chunks: 1,
      bytes: chunk.data.length,
      chain: chain.after,
      logged: isLogged ? 1 : 0,
      loggedAt: at,
      startedAt: at,
      lastAt: at,
    },
    sql`not exists (select 1 from ${recordings} where ${recordings.sessionId} = ${sessionId}) and ${condition}`,
  );
}

function extend({ sessionId, chunk, at, chain, isLast, isLogged }: Append, condition: Statement): Statement {
  return sql`update ${recordings} set chunks = ${chunk.n + 1}, bytes = bytes + ${chunk.data.length}, chain = ${chain.after}, last_at = ${at},
    state = ${isLast ? "complete" : "running"}, logged = case when ${isLogged ? 1 : 0} then ${chunk.n + 1} else logged end,
    logged_at = case when ${isLogged ? 1 : 0} then ${at} else logged_at end
    where ${recordings.sessionId} = ${sessionId} and ${recordings.state} = 'running' and ${recordings.chunks} = ${chunk.n}
    and ${recordings.chain} = ${chain.before} and ${condition}`;
}
