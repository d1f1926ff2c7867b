import pg from "pg";
import type { Activity } from "../../ports/provider.js";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { asPhiError } from "./failure.js";
import type { PostgresHandle } from "./handle.js";

/**
 * What the roles' sessions did last, in one look at `pg_stat_activity`. A statement that runs, or waits for a lock or for its client's data
 * (`COPY`), is use now; a session that is idle, in a transaction too, was used when it became so. Only an account with `pg_read_all_stats` is told
 * what others' sessions do; to any other, and where `track_activities` is off, the server says nothing.
 *
 * @throws PhiError `target_unavailable`, `target_refused`
 */
export async function activityOf(
  connections: Connections,
  config: PostgresConfig,
  handles: readonly PostgresHandle[],
  signal: AbortSignal,
): Promise<Activity[]> {
  if (handles.length === 0) return [];
  const rows = await connections
    .use(config, signal, (connection) => connection.query(look(handles)))
    .catch((error: unknown) => {
      throw asPhiError(error);
    });
  const seen = new Map(rows.map((row) => [row.role, row]));
  return handles.map(({ role }): Activity => {
    const row = seen.get(role);
    if (row === undefined) return { seen: "nothing" };
    const idleFor = row.idle_for;
    // A session of which nothing is told may be the one that is used.
    if (row.hidden === true && idleFor !== 0) return { seen: "unknown" };
    return typeof idleFor === "number" ? { seen: "session", idleFor } : { seen: "unknown" };
  });
}

function look(handles: readonly PostgresHandle[]): string {
  return `
    SELECT role, bool_or(idle_for IS NULL) AS hidden, min(idle_for) AS idle_for
      FROM (SELECT usename::text AS role,
              CASE WHEN state LIKE 'idle%' THEN greatest(0, extract(epoch FROM clock_timestamp() - state_change) * 1000)::float8
                   WHEN state <> 'disabled' THEN 0::float8 END AS idle_for
              FROM pg_stat_activity
             WHERE usename = ANY (ARRAY[${handles.map(({ role }) => pg.escapeLiteral(role)).join(", ")}]::name[])) AS session
     GROUP BY role`;
}
