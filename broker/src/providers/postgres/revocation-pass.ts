import { toRfc3339 } from "@phi/shared/time";
import pg from "pg";
import type { Revocation } from "../../ports/provider.js";
import type { PostgresHandle } from "./handle.js";
import { KEEPER_NAME } from "./keeper.js";
import { DENY } from "./pass-deny.js";
import { DROP } from "./pass-drop.js";
import { KILL, PATIENCE, STRIP } from "./pass-kill.js";

/**
 * Deny, kill, drop and verify for any number of roles in one message. The denial is committed before the first session is
 * ended, and a role is dropped as soon as it is known to have none left, while the others' sessions are still ending. What
 * fails for one role is noted and leaves the others alone. Running it again does no harm.
 *
 * Roles are done in the order of their keepers (keeper.ts) and without a subtransaction for each: only what fails is done again
 * one by one. More than 64 subtransactions would make every other session of the server look up who belongs to whom.
 *
 * PostgreSQL plans each expression of this anew each time, and for a single role that is most of the time it takes: so
 * queries are few, and the rest are expressions without a table.
 *
 * In the steps, `names`, `id`, `keeper`, `failure` and so on have one element per role; `places`, `todo` and the like hold
 * subscripts of them, and `i` is one.
 */
export function revocationPass(revocations: readonly Revocation<PostgresHandle>[]): string {
  const names = textArray(revocations.map(({ handle }) => handle.role));
  const createBys = textArray(revocations.map(({ createBy }) => toRfc3339(createBy)));
  const body = `
DECLARE
  names CONSTANT text[] := ${names};
  create_bys CONSTANT timestamptz[] := ${createBys};
  id oid[];
  keeper text[];
  failure jsonb[];
  ended int[];
  fenced boolean[];
  tried boolean[];
  dirty boolean[];
  final boolean[];
  gone boolean[];
  reports jsonb[];
  own CONSTANT text := current_setting('role');
  acting text := own;
  since_16 CONSTANT boolean := current_setting('server_version_num')::int >= 160000;
  superuser CONSTANT boolean := current_setting('is_superuser') = 'on';
  patient boolean := true;
  stripped boolean;
  places int[] := '{}';
  todo int[];
  again int[];
  few int[];
  dirty_at int[];
  signing_in int[];
  killed int[] := '{}';
  pids int[];
  alive oid[];
  alive_at int[];
  began timestamptz;
  pause float8 := 0.002;
  i int;
  one int;
  seen record;
  detail text;
BEGIN
  FOR i IN 1 .. cardinality(names) LOOP
    id[i] := to_regrole(names[i])::oid;
    CONTINUE WHEN id[i] IS NULL;
    places := places || i;
    keeper[i] := own;
    IF since_16 AND NOT superuser THEN
      SELECT pg_get_userbyid(m.member) AS name INTO seen FROM pg_auth_members AS m
       WHERE m.roleid = id[i] AND m.admin_option AND pg_get_userbyid(m.member) ~ ${pg.escapeLiteral(KEEPER_NAME)}
         AND pg_has_role(session_user, m.member, 'SET') LIMIT 1;
      IF FOUND THEN keeper[i] := seen.name; END IF;
    END IF;
  END LOOP;
  IF cardinality(places) > 1 THEN
    places := ARRAY(SELECT p.place FROM unnest(places) AS p (place) ORDER BY keeper[p.place], names[p.place]);
  END IF;
${DENY}
  COMMIT;

  signing_in := ARRAY(SELECT pid FROM pg_locks WHERE locktype = 'virtualxid' AND granted AND pid <> pg_backend_pid());
  began := clock_timestamp();
  LOOP
${KILL}
    COMMIT;
${DROP}
    COMMIT;
    EXIT WHEN alive = '{}' AND (signing_in = '{}' OR clock_timestamp() > began + interval '250 ms');
    EXIT WHEN clock_timestamp() > began + interval '5 s';
    -- Nothing but sessions that may not be ended: waiting changes nothing.
    EXIT WHEN alive <> '{}' AND signing_in = '{}' AND NOT EXISTS (
      SELECT FROM unnest(alive_at) AS a (place) WHERE coalesce(failure[a.place] ->> 'step', '') <> 'kill');
    IF alive <> '{}' AND stripped IS NULL AND clock_timestamp() > began + ${PATIENCE} THEN
      stripped := true;
${STRIP}
    END IF;
    COMMIT;
    PERFORM pg_sleep(pause);
    pause := least(pause * 1.5, 0.1);
    signing_in := ARRAY(SELECT unnest(signing_in) INTERSECT SELECT pid FROM pg_locks WHERE locktype = 'virtualxid' AND granted);
  END LOOP;

  -- verify
  alive := ARRAY(SELECT usesysid FROM pg_stat_get_activity(NULL) WHERE usesysid = ANY (id));
  FOR i IN 1 .. cardinality(names) LOOP
    IF fenced[i] IS NULL AND failure[i] IS NULL THEN
      failure[i] := jsonb_build_object('step', 'kill', 'code', '', 'message', 'a session does not end');
    ELSIF gone[i] AND (to_regrole(names[i]) IS NOT NULL OR id[i] = ANY (alive)) THEN
      gone[i] := false;
      failure[i] := jsonb_build_object('step', 'verify', 'code', '', 'message', 'it is there again, or a session of it is');
    END IF;
    reports[i] := jsonb_build_object('ended', ended[i], 'fenced', fenced[i], 'gone', gone[i], 'final', final[i],
                                     'dirty', dirty[i], 'failure', failure[i]);
  END LOOP;
  PERFORM set_config('phi.reports', array_to_json(reports)::text, false);
END`;
  return `DO LANGUAGE plpgsql ${pg.escapeLiteral(body)}`;
}

function textArray(values: readonly string[]): string {
  return `ARRAY[${values.map(pg.escapeLiteral).join(", ")}]`;
}
