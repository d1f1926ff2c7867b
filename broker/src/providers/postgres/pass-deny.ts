import { AS_SELF, becomeMember, together } from "./pass-together.js";

const ALTER = `EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL CONNECTION LIMIT 0 VALID UNTIL ''-infinity''', names[i]);`;

/**
 * Nobody can log in any more, once this is committed.
 *
 * A role may have its own row in `pg_authid` locked (it can change its password in an open transaction): then its sessions
 * are ended first, while the ALTER waits in front of whoever comes back.
 */
export const DENY = `
  -- deny
  PERFORM set_config('lock_timeout', '100ms', true);
  ${together("places", ALTER)}
  FOREACH one IN ARRAY again LOOP
    i := one;
    -- One that is locked for good must not make the others wait as long.
    PERFORM set_config('lock_timeout', CASE WHEN patient THEN '300ms' ELSE '20ms' END, true);
    FOR attempt IN 1 .. 10 LOOP
      BEGIN
        PERFORM set_config('role', keeper[i], true);
        ${ALTER}
        failure[i] := NULL;
        EXIT;
      EXCEPTION
        WHEN lock_not_available OR internal_error OR deadlock_detected THEN
          failure[i] := jsonb_build_object('step', 'deny', 'code', SQLSTATE, 'message', SQLERRM);
          ${AS_SELF}
          IF NOT pg_has_role(id[i], 'USAGE') THEN ${becomeMember("ARRAY[one]", "FALSE")} END IF;
          PERFORM pg_stat_clear_snapshot();
          FOR seen IN SELECT pid FROM pg_stat_get_activity(NULL) WHERE usesysid = id[i] LOOP
            BEGIN
              PERFORM pg_terminate_backend(seen.pid);
              IF seen.pid <> ALL (killed) THEN killed := killed || seen.pid; ended[i] := coalesce(ended[i], 0) + 1; END IF;
            EXCEPTION WHEN OTHERS THEN NULL; -- reported by the step of its name
            END;
          END LOOP;
        WHEN OTHERS THEN
          failure[i] := jsonb_build_object('step', 'deny', 'code', SQLSTATE, 'message', SQLERRM);
          EXIT;
      END;
    END LOOP;
    patient := patient AND failure[i] IS NULL;
    ${AS_SELF}
  END LOOP;`;
