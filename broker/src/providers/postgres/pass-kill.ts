import { becomeMember } from "./pass-together.js";

/**
 * One look at all sessions: those of the roles are ended, also where deny failed; roles without any are fenced.
 *
 * NOLOGIN is visible to all by now. A login that read the row before could still be about to appear in the list of
 * sessions; such a backend holds its virtual transaction lock until it does. Those seen right after the commit are waited
 * for, so that finding no session means that there is none. `pg_locks` must be read first.
 *
 * Sessions by `usesysid`, because names change, and from the function under the view `pg_stat_activity`, which takes a
 * quarter of the view's time.
 */
export const KILL = `
    -- kill
    alive := '{}';
    alive_at := '{}';
    pids := '{}';
    FOR seen IN SELECT pid, usesysid FROM pg_stat_get_activity(NULL) WHERE usesysid IS NOT NULL OR datid IS NOT NULL LOOP
      IF signing_in <> '{}' THEN
        signing_in := array_remove(signing_in, seen.pid); -- it has arrived, or is a worker such as autovacuum
      END IF;
      CONTINUE WHEN seen.usesysid IS NULL;
      i := array_position(id, seen.usesysid);
      CONTINUE WHEN i IS NULL;
      alive := alive || seen.usesysid;
      alive_at := alive_at || i;
      pids := pids || seen.pid;
    END LOOP;
    IF alive <> '{}' THEN
      PERFORM set_config('lock_timeout', '300ms', true);
      few := ARRAY(SELECT p.place FROM unnest(places) AS p (place) WHERE p.place = ANY (alive_at) AND NOT pg_has_role(id[p.place], 'USAGE'));
      ${becomeMember("few", "FALSE")}
    END IF;
    FOR session IN 1 .. cardinality(pids) LOOP
      i := alive_at[session];
      BEGIN
        PERFORM pg_terminate_backend(pids[session]);
        IF pids[session] <> ALL (killed) THEN killed := killed || pids[session]; ended[i] := coalesce(ended[i], 0) + 1; END IF;
      EXCEPTION WHEN OTHERS THEN
        failure[i] := coalesce(failure[i], jsonb_build_object('step', 'kill', 'code', SQLSTATE, 'message', SQLERRM));
      END;
    END LOOP;
    IF signing_in = '{}' OR clock_timestamp() > began + interval '250 ms' THEN
      FOR i IN 1 .. cardinality(names) LOOP
        CONTINUE WHEN failure[i] IS NOT NULL OR id[i] = ANY (alive);
        fenced[i] := true;
      END LOOP;
    END IF;`;

/** How long sessions may take to end: many at once need the server's processors for a while. */
export const PATIENCE = "interval '250 ms' + least(cardinality(killed), 350) * interval '5 ms'";

/** What is still alive then loses its rights: a second line only, the session is still waited for. */
export const STRIP = `
      PERFORM set_config('lock_timeout', '100ms', true);
      FOR seen IN
        SELECT g.rolname AS held, m.rolname AS holder, pg_get_userbyid(a.grantor) AS giver FROM pg_auth_members a
          JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
         WHERE a.member = ANY (alive) ORDER BY g.oid
      LOOP
        BEGIN
          EXECUTE format('REVOKE %I FROM %I', seen.held, seen.holder)
            || CASE WHEN since_16 THEN format(' GRANTED BY %I', seen.giver) ELSE '' END;
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
      END LOOP;`;
