import { AS_KEEPER, AS_SELF, becomeMember, together } from "./pass-together.js";

/**
 * Each fenced role is dropped, once per pass. One that is not there is final only under the lock of create-roles.ts; one
 * that is there can have no second create on its way.
 */
export const DROP = `
    -- drop
    FOR i IN 1 .. cardinality(names) LOOP
      CONTINUE WHEN tried[i] OR fenced[i] IS NULL OR id[i] IS NOT NULL;
      tried[i] := true;
      final[i] := pg_try_advisory_xact_lock(hashtextextended(names[i], 0)) AND clock_timestamp() >= create_bys[i];
      gone[i] := to_regrole(names[i]) IS NULL;
    END LOOP;
    dirty_at := '{}';
    IF current_setting('max_prepared_transactions')::int > 0 THEN
      dirty_at := ARRAY(SELECT DISTINCT array_position(names, x.owner::text) FROM pg_prepared_xacts AS x WHERE x.owner = ANY (names));
    END IF;
    todo := '{}';
    FOREACH i IN ARRAY places LOOP
      CONTINUE WHEN tried[i] OR fenced[i] IS NULL;
      tried[i] := true;
      IF i = ANY (dirty_at) THEN dirty[i] := true; ELSE todo := todo || i; END IF;
    END LOOP;
    PERFORM set_config('lock_timeout', '100ms', true);
    ${together("todo", "EXECUTE format('DROP ROLE %I', names[i]);")}
    PERFORM set_config('lock_timeout', '300ms', true);
    FOREACH i IN ARRAY todo LOOP
      BEGIN
        IF i = ANY (again) THEN
          ${AS_KEEPER}
          EXECUTE format('DROP ROLE IF EXISTS %I', names[i]);
        END IF;
        gone[i] := true;
        final[i] := clock_timestamp() >= create_bys[i];
      EXCEPTION
        WHEN dependent_objects_still_exist THEN
          acting := current_setting('role');
          GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
          dirty[i] := true;
          dirty_at := dirty_at || i;
          failure[i] := jsonb_build_object('step', 'drop', 'code', SQLSTATE, 'message', SQLERRM || ': ' || detail);
        WHEN OTHERS THEN
          acting := current_setting('role');
          failure[i] := jsonb_build_object('step', 'drop', 'code', SQLSTATE, 'message', SQLERRM);
          IF SQLSTATE = '55P03' THEN PERFORM set_config('lock_timeout', '20ms', true); END IF;
      END;
    END LOOP;
    ${AS_SELF}
    IF NOT superuser THEN ${becomeMember("dirty_at", "TRUE")} END IF;`;
