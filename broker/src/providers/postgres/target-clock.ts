import type { Instant } from "@phi/shared/time";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { asPhiError } from "./failure.js";

/**
 * What PostgreSQL says the time is, in ms; the journey of the answer is not taken off.
 *
 * @throws PhiError `target_unavailable`, `target_refused`
 */
export async function targetClock(
  connections: Connections,
  config: PostgresConfig,
  signal: AbortSignal,
): Promise<Instant> {
  const sql = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now";
  const rows = await connections
    .use(config, signal, (connection) => connection.query(sql))
    .catch((error: unknown) => {
      throw asPhiError(error);
    });
  return Number(rows[0]?.now);
}
