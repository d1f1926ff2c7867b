import { toRfc3339 } from "@phi/shared/time";
import pg from "pg";
import { z } from "zod";
import type { Revocation } from "../../ports/provider.js";
import type { PostgresHandle } from "./handle.js";

/** What one pass did to one role. */
export const passReport = z.object({
  /** Sessions it ended. */
  ended: z.int(),
  /** Nobody can log in with it and no session is left. */
  fenced: z.boolean(),
  gone: z.boolean(),
  /** The role was dropped, or found missing, when no create could succeed any more. */
  final: z.boolean(),
  /** It owns something, or has a prepared transaction: clean, then pass again. */
  dirty: z.boolean(),
  failure: z
    .object({ step: z.enum(["deny", "kill", "drop", "verify"]), code: z.string(), message: z.string() })
    .nullable(),
});
export type PassReport = z.infer<typeof passReport>;

/** What a pass asks for its reports; sent together with it. */
export const READ_REPORTS = "SELECT current_setting('phi.reports') AS reports";

/** Reads the answer to {@link READ_REPORTS}. */
export function readReports(rows: readonly Record<string, unknown>[], expected: number): PassReport[] {
  return z
    .array(passReport)
    .length(expected)
    .parse(JSON.parse(String(rows[0]?.reports)));
}

/**
 * Deny, kill, drop and verify for any number of roles in one message; each step commits before the next begins, and what
 * fails for one role is noted and leaves the others alone. Running it again does no harm.
 *
 * deny    A role may have its own row in `pg_authid` locked (it can change its password in an open transaction): then its
 *         sessions are ended first, while the ALTER waits in front of whoever comes back.
 * kill    NOLOGIN is visible to all by now. A login that read the row before could still be about to appear in
 *         the list of sessions; such a backend holds its virtual transaction lock until it does. Those seen right after the
 *         commit are waited for, so that finding no session means that there is none. `pg_locks` must be read first.
 *         Sessions by `usesysid`, because names change, and from the function under the view `pg_stat_activity`, which
 *         takes a quarter of the view's time. What is still alive after a quarter of a second loses its rights.
 * drop    A role that is not there is final only under the lock of issue.ts; one that is there can have no second create
 *         on its way.
 */
export function revocationPass(revocations: readonly Revocation<PostgresHandle>[]): string {
  const names = textArray(revocations.map(({ handle }) => handle.role));
  const createBys = textArray(revocations.map(({ createBy }) => toRfc3339(createBy)));
  const body = `
DECLARE
  names CONSTANT text[] := ${names};
  create_bys CONSTANT timestamptz[] := ${createBys};
  id oid[] := array_fill(NULL::oid, ARRAY[cardinality(names)]);
  failure jsonb[] := array_fill(NULL::jsonb, ARRAY[cardinality(names)]);
  ended int[] := array_fill(0, ARRAY[cardinality(names)]);
  fenced boolean[] := array_fill(false, ARRAY[cardinality(names)]);
  dirty boolean[] := array_fill(false, ARRAY[cardinality(names)]);
  final boolean[] := array_fill(false, ARRAY[cardinality(names)]);
  gone boolean[] := array_fill(false, ARRAY[cardinality(names)]);
  signing_in int[];
  killed int[] := '{}';
  stripped boolean := false;
  began timestamptz;
  pause float8 := 0.002;
  alive oid[];
  seen record;
  detail text;
BEGIN
  -- deny
  PERFORM set_config('lock_timeout', '300ms', true);
  FOR i IN 1 .. cardinality(names) LOOP
    id[i] := to_regrole(names[i])::oid;
    CONTINUE WHEN id[i] IS NULL;
    FOR attempt IN 1 .. 10 LOOP
      BEGIN
        IF NOT pg_has_role(id[i], 'USAGE') THEN
          EXECUTE format('GRANT %I TO CURRENT_USER', names[i])
            || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
        END IF;
        EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL CONNECTION LIMIT 0 VALID UNTIL ''-infinity''', names[i]);
        failure[i] := NULL;
        EXIT;
      EXCEPTION
        WHEN lock_not_available OR internal_error OR deadlock_detected THEN
          failure[i] := jsonb_build_object('step', 'deny', 'code', SQLSTATE, 'message', SQLERRM);
          PERFORM pg_stat_clear_snapshot();
          FOR seen IN SELECT pid FROM pg_stat_get_activity(NULL) WHERE usesysid = id[i] LOOP
            BEGIN
              PERFORM pg_terminate_backend(seen.pid);
              IF seen.pid <> ALL (killed) THEN killed := killed || seen.pid; ended[i] := ended[i] + 1; END IF;
            EXCEPTION WHEN OTHERS THEN NULL; -- reported by the step of its name
            END;
          END LOOP;
        WHEN OTHERS THEN
          failure[i] := jsonb_build_object('step', 'deny', 'code', SQLSTATE, 'message', SQLERRM);
          EXIT;
      END;
    END LOOP;
    -- One that is locked for good must not make the others wait as long.
    IF failure[i] IS NOT NULL THEN PERFORM set_config('lock_timeout', '20ms', true); END IF;
  END LOOP;
  COMMIT;

  -- kill, also where deny failed
  signing_in := ARRAY(SELECT pid FROM pg_locks WHERE locktype = 'virtualxid' AND granted AND pid <> pg_backend_pid());
  began := clock_timestamp();
  LOOP
    alive := '{}';
    FOR seen IN SELECT pid, usesysid FROM pg_stat_get_activity(NULL) WHERE usesysid IS NOT NULL OR datid IS NOT NULL LOOP
      signing_in := array_remove(signing_in, seen.pid); -- it has arrived, or is a worker such as autovacuum
      CONTINUE WHEN seen.usesysid IS NULL OR array_position(id, seen.usesysid) IS NULL;
      alive := alive || seen.usesysid;
      DECLARE i CONSTANT int := array_position(id, seen.usesysid);
      BEGIN
        PERFORM pg_terminate_backend(seen.pid);
        IF seen.pid <> ALL (killed) THEN killed := killed || seen.pid; ended[i] := ended[i] + 1; END IF;
      EXCEPTION WHEN OTHERS THEN
        failure[i] := coalesce(failure[i], jsonb_build_object('step', 'kill', 'code', SQLSTATE, 'message', SQLERRM));
      END;
    END LOOP;
    EXIT WHEN alive = '{}' AND (signing_in = '{}' OR clock_timestamp() > began + interval '250 ms');
    EXIT WHEN clock_timestamp() > began + interval '5 s';
    -- Nothing but sessions that may not be ended: waiting changes nothing.
    EXIT WHEN alive <> '{}' AND signing_in = '{}' AND NOT EXISTS (
      SELECT FROM unnest(alive) AS a (role) WHERE coalesce(failure[array_position(id, a.role)] ->> 'step', '') <> 'kill');
    IF alive <> '{}' AND NOT stripped AND clock_timestamp() > began + interval '250 ms' THEN
      stripped := true;
      PERFORM set_config('lock_timeout', '100ms', true);
      FOR seen IN
        SELECT g.rolname AS held, m.rolname AS holder FROM pg_auth_members a
          JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
         WHERE a.member = ANY (alive) ORDER BY g.oid
      LOOP
        BEGIN
          EXECUTE format('REVOKE %I FROM %I', seen.held, seen.holder);
        EXCEPTION WHEN OTHERS THEN NULL; -- a second line only; the session is still waited for
        END;
      END LOOP;
    END IF;
    COMMIT;
    PERFORM pg_sleep(pause);
    pause := least(pause * 1.5, 0.1);
    signing_in := ARRAY(SELECT unnest(signing_in) INTERSECT SELECT pid FROM pg_locks WHERE locktype = 'virtualxid' AND granted);
  END LOOP;
  FOR i IN 1 .. cardinality(names) LOOP
    IF id[i] = ANY (alive) THEN
      failure[i] := coalesce(failure[i], jsonb_build_object('step', 'kill', 'code', '', 'message', 'a session does not end'));
    ELSE
      fenced[i] := failure[i] IS NULL;
    END IF;
  END LOOP;
  COMMIT;

  -- drop
  PERFORM set_config('lock_timeout', '300ms', true);
  FOR i IN 1 .. cardinality(names) LOOP
    CONTINUE WHEN NOT fenced[i];
    IF id[i] IS NULL THEN
      final[i] := pg_try_advisory_xact_lock(hashtextextended(names[i], 0)) AND clock_timestamp() >= create_bys[i];
      gone[i] := to_regrole(names[i]) IS NULL;
      CONTINUE;
    END IF;
    dirty[i] := EXISTS (SELECT FROM pg_prepared_xacts WHERE owner = names[i]);
    CONTINUE WHEN dirty[i];
    BEGIN
      EXECUTE format('DROP ROLE IF EXISTS %I', names[i]);
      gone[i] := true;
      final[i] := clock_timestamp() >= create_bys[i];
    EXCEPTION
      WHEN dependent_objects_still_exist THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        dirty[i] := true;
        failure[i] := jsonb_build_object('step', 'drop', 'code', SQLSTATE, 'message', SQLERRM || ': ' || detail);
      WHEN OTHERS THEN
        failure[i] := jsonb_build_object('step', 'drop', 'code', SQLSTATE, 'message', SQLERRM);
        IF SQLSTATE = '55P03' THEN PERFORM set_config('lock_timeout', '20ms', true); END IF;
    END;
  END LOOP;
  COMMIT;

  -- verify
  alive := ARRAY(SELECT usesysid FROM pg_stat_get_activity(NULL) WHERE usesysid = ANY (id));
  FOR i IN 1 .. cardinality(names) LOOP
    CONTINUE WHEN NOT gone[i];
    IF to_regrole(names[i]) IS NOT NULL OR id[i] = ANY (alive) THEN
      gone[i] := false;
      failure[i] := jsonb_build_object('step', 'verify', 'code', '', 'message', 'it is there again, or a session of it is');
    END IF;
  END LOOP;

  PERFORM set_config('phi.reports', (
    SELECT jsonb_agg(jsonb_build_object('ended', ended[i], 'fenced', fenced[i], 'gone', gone[i], 'final', final[i],
                                        'dirty', dirty[i], 'failure', failure[i]) ORDER BY i)::text
      FROM generate_subscripts(names, 1) AS i), false);
END`;
  return `DO LANGUAGE plpgsql ${pg.escapeLiteral(body)}`;
}

function textArray(values: readonly string[]): string {
  return `ARRAY[${values.map(pg.escapeLiteral).join(", ")}]`;
}
