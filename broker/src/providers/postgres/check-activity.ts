import { printable } from "@phi/shared/text";
import pg from "pg";
import type { Finding } from "../../ports/provider.js";
import type { Connection } from "./connect.js";

/** What would hide from the broker what is done on the server, so that nothing there would ever end as idle. */
export async function checkActivity(connection: Connection): Promise<Finding[]> {
  const [facts] = await connection.query(`
    SELECT current_user::text AS broker, pg_has_role('pg_read_all_stats', 'USAGE') AS sees, current_setting('track_activities') = 'on' AS tracks`);
  const findings: Finding[] = [];
  if (facts?.sees !== true) {
    const broker = pg.escapeIdentifier(printable(String(facts?.broker)));
    const message = "the broker cannot see what is done here, so an idleTimeout ends nothing";
    findings.push({ severity: "error", message, hint: `GRANT pg_read_all_stats TO ${broker}` });
  }
  if (facts?.tracks !== true) {
    const message = "track_activities is off, so an idleTimeout ends nothing";
    findings.push({
      severity: "error",
      message,
      hint: "ALTER SYSTEM SET track_activities = on; SELECT pg_reload_conf()",
    });
  }
  return findings;
}
