import pg from "pg";

/**
 * A keeper is a role without rights on anything and without login, through which the broker creates leases: the keeper,
 * not the broker's account, holds the ADMIN option on them that creating a role gives (PostgreSQL manual §21.4, since 16).
 *
 * It is there for speed alone. Since PostgreSQL 16 each CREATE, ALTER, GRANT, COMMENT and DROP of a role walks all roles that
 * the current role is a member of, anew each time: an account with n leases pays n for each, and n² for all of them. A
 * keeper has its share of them only. Older servers and superusers do not walk, so they have no keepers. The account inherits
 * from its keepers: it can do whatever they can, only slower.
 */
const KEEPERS = 32;

/** `phi_<broker>_keeper07`: shorter than a lease's name, so that it is never taken for one. */
export const KEEPER_NAME = "^phi_[a-z0-9]{1,32}_keeper[0-9]{2}$";

/** One keeper of the broker whose lease this is, by turn; any whole number from 0. */
export function keeperFor(leaseRole: string, turn: number): string {
  return `${keeperPrefix(leaseRole)}${String(turn % KEEPERS).padStart(2, "0")}`;
}

function keeperPrefix(leaseRole: string): string {
  return `${leaseRole.slice(0, leaseRole.lastIndexOf("_"))}_keeper`;
}

/** Whether the account needs keepers here, as an SQL expression. */
export const NEEDS_KEEPERS =
  "(current_setting('server_version_num')::int >= 160000 AND current_setting('is_superuser') = 'off')";

/**
 * Makes the keepers of the broker whose lease this is, or completes them, so that they can hand out these groups. Fails when
 * one of them can be used by anybody else: whoever makes a role of that name first must not get the right to hand out the groups.
 */
export function makeKeepers(leaseRole: string, groups: readonly string[]): string {
  const body = `
    DECLARE
      groups CONSTANT text[] := ARRAY[${groups.map(pg.escapeLiteral).join(", ")}];
      keeper text;
      handed_out text;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended(${pg.escapeLiteral(keeperPrefix(leaseRole))}, 0));
      FOR turn IN 0 .. ${KEEPERS - 1} LOOP
        keeper := ${pg.escapeLiteral(keeperPrefix(leaseRole))} || lpad(turn::text, 2, '0');
        IF to_regrole(keeper) IS NULL THEN
          EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT CREATEROLE', keeper);
          EXECUTE format('COMMENT ON ROLE %I IS %L', keeper, 'phi: the broker makes leases through it');
          EXECUTE format('GRANT %I TO CURRENT_USER WITH INHERIT TRUE, SET TRUE', keeper);
        ELSIF EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = to_regrole(keeper) AND NOT pg_has_role(m.member, 'MEMBER'))
           OR EXISTS (SELECT FROM pg_roles WHERE rolname = keeper AND rolcanlogin) THEN
          RAISE insufficient_privilege USING MESSAGE = 'phi: others can use ' || keeper;
        END IF;
        FOREACH handed_out IN ARRAY groups LOOP
          CONTINUE WHEN pg_has_role(keeper, handed_out, 'MEMBER WITH ADMIN OPTION');
          EXECUTE format('GRANT %I TO %I WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', handed_out, keeper);
        END LOOP;
      END LOOP;
    END`;
  return `DO LANGUAGE plpgsql ${pg.escapeLiteral(body)}`;
}
