import { type Instant, toRfc3339 } from "@phi/shared/time";
import pg from "pg";
import type { EndOutcome } from "../../ports/provider.js";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { classOfSqlState, readFailure, sentence } from "./failure.js";
import type { PostgresHandle } from "./handle.js";
import { KEEPER_NAME } from "./keeper.js";

interface End {
  readonly handle: PostgresHandle;
  readonly expiresAt: Instant;
}

/** Of each role, what came of it: `moved`, `gone`, or the server's error. */
type Report = "moved" | "gone" | { readonly code: string; readonly message: string };

/** Each is a subtransaction of one message. */
const AT_ONCE = 50;

/**
 * Moves VALID UNTIL of live roles. A role without LOGIN is being revoked and stays as it is; one that was denied between the look and the
 * ALTER keeps NOLOGIN and no password, which is what counts. Never rejects.
 */
export async function moveEnds(
  connections: Connections,
  config: PostgresConfig,
  ends: readonly End[],
  signal: AbortSignal,
): Promise<EndOutcome[]> {
  const outcomes: EndOutcome[] = [];
  for (let start = 0; start < ends.length; start += AT_ONCE) {
    const some = ends.slice(start, start + AT_ONCE);
    try {
      const rows = await connections.use(config, signal, (connection) => connection.pipeline(moveEnd(some), READ));
      const reports = JSON.parse(String(rows[0]?.reports)) as Report[];
      outcomes.push(...some.map((_, index) => outcomeOf(reports[index])));
    } catch (error) {
      const { class: kind, message } = readFailure(error);
      outcomes.push(...some.map(() => ({ outcome: "failed", class: kind, message }) as const));
    }
  }
  return outcomes;
}

const READ = "SELECT current_setting('phi.ends') AS reports";

function moveEnd(ends: readonly End[]): string {
  const names = ends.map(({ handle }) => pg.escapeLiteral(handle.role)).join(", ");
  const instants = ends.map(({ expiresAt }) => pg.escapeLiteral(toRfc3339(expiresAt))).join(", ");
  // Since PostgreSQL 16 only who made a role alters it: its keeper (keeper.ts).
  const body = `
DECLARE
  names CONSTANT text[] := ARRAY[${names}];
  ends CONSTANT timestamptz[] := ARRAY[${instants}]::timestamptz[];
  own CONSTANT text := current_setting('role');
  reports jsonb[];
  found_role record;
  keeper record;
BEGIN
  PERFORM set_config('lock_timeout', '1s', true);
  FOR i IN 1 .. cardinality(names) LOOP
    SELECT oid, rolcanlogin, rolvaliduntil INTO found_role FROM pg_roles WHERE rolname = names[i];
    IF NOT FOUND OR NOT found_role.rolcanlogin THEN
      reports[i] := '"gone"';
    ELSIF found_role.rolvaliduntil >= ends[i] THEN
      reports[i] := '"moved"';
    ELSE
      BEGIN
        SELECT pg_get_userbyid(m.member) AS name INTO keeper FROM pg_auth_members AS m
         WHERE m.roleid = found_role.oid AND m.admin_option AND pg_get_userbyid(m.member) ~ ${pg.escapeLiteral(KEEPER_NAME)}
           AND pg_has_role(session_user, m.member, 'MEMBER') LIMIT 1;
        IF FOUND THEN PERFORM set_config('role', keeper.name, true); END IF;
        EXECUTE format('ALTER ROLE %I VALID UNTIL %L', names[i], ends[i]);
        PERFORM set_config('role', own, true);
        reports[i] := '"moved"';
      EXCEPTION WHEN OTHERS THEN
        reports[i] := jsonb_build_object('code', SQLSTATE, 'message', SQLERRM);
      END;
    END IF;
  END LOOP;
  PERFORM set_config('phi.ends', array_to_json(reports)::text, false);
END`;
  return `DO LANGUAGE plpgsql ${pg.escapeLiteral(body)}`;
}

function outcomeOf(report: Report | undefined): EndOutcome {
  if (report === "moved" || report === "gone") return { outcome: report };
  const { code, message } = report ?? { code: "", message: "PostgreSQL gave no answer" };
  const reason = sentence(message);
  return { outcome: "failed", class: classOfSqlState(code, reason), message: reason };
}
