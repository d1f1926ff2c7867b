import { printable } from "@phi/shared/text";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import pg from "pg";
import type { Order } from "../../ports/provider.js";
import type { PostgresConfig } from "./config.js";
import { NEEDS_KEEPERS } from "./keeper.js";
import type { PostgresRole } from "./role.js";

/** SQLSTATEs of the two refusals that the statement itself raises. */
export const TOO_LATE = "PHI01";
export const BEING_REVOKED = "PHI02";

/** One role to create. */
export interface NewRole {
  readonly name: string;
  readonly order: Order<PostgresConfig, PostgresRole>;
  readonly verifier: string;
}

/**
 * Creates roles with the rights of the same groups, all or none, in one message and one transaction, so that nothing of it
 * can arrive later on its own.
 *
 * The clock is read under a lock that is held until the transaction is visible to others. A revocation that gets this lock
 * after `createBy` therefore knows: what was created before it can see, and nothing can be created any more.
 *
 * The commit need not reach the disk before the answer: a server that crashes just then forgets a credential, which is
 * safe, and the revocation waits for the disk.
 */
export function createRoles(
  roles: readonly NewRole[],
  { memberOf, setRole }: Pick<PostgresRole, "memberOf" | "setRole">,
  keeper: string | undefined,
): string {
  // Sorted, because since PostgreSQL 16 a grant locks the group until the commit: two transactions must not lock crosswise.
  const groups = [...memberOf].sort().map(pg.escapeIdentifier).join(", ");
  const grant = `GRANT ${groups} TO ${roles.map(({ name }) => pg.escapeIdentifier(name)).join(", ")}`;
  const body = `
    DECLARE
      names CONSTANT text[] := ${textArray(roles.map(({ name }) => name))};
      create_bys CONSTANT timestamptz[] := ${textArray(roles.map(({ order }) => toRfc3339(order.createBy)))};
      creates CONSTANT text[] := ${textArray(roles.map(createRole))};
    BEGIN
      PERFORM set_config('synchronous_commit', 'off', true);
      ${keeper === undefined ? "" : `IF ${NEEDS_KEEPERS} THEN PERFORM set_config('role', ${pg.escapeLiteral(keeper)}, true); END IF;`}
      FOR i IN 1 .. cardinality(names) LOOP
        IF NOT pg_try_advisory_xact_lock(hashtextextended(names[i], 0)) THEN
          RAISE EXCEPTION 'phi: being revoked' USING ERRCODE = '${BEING_REVOKED}';
        END IF;
        IF clock_timestamp() >= create_bys[i] THEN
          RAISE EXCEPTION '%', floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint USING ERRCODE = '${TOO_LATE}';
        END IF;
        EXECUTE creates[i];
      END LOOP;
      EXECUTE ${pg.escapeLiteral(grant)} || CASE WHEN current_setting('server_version_num')::int >= 160000
        THEN ' WITH INHERIT TRUE, SET ${setRole ? "TRUE" : "FALSE"}' ELSE '' END;
    END`;
  return `DO LANGUAGE plpgsql ${pg.escapeLiteral(body)}`;
}

function createRole({ name, order, verifier }: NewRole): string {
  const role = pg.escapeIdentifier(name);
  const comment = printable(`phi: lease ${order.leaseId}, request ${order.requestId}, for ${order.principal}`, 300);
  return `
    CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
      CONNECTION LIMIT ${order.role.connectionLimit} PASSWORD ${pg.escapeLiteral(verifier)} VALID UNTIL ${instant(order.expiresAt)};
    COMMENT ON ROLE ${role} IS ${pg.escapeLiteral(comment)}`;
}

const instant = (at: Instant) => pg.escapeLiteral(toRfc3339(at));

function textArray(values: readonly string[]): string {
  return `ARRAY[${values.map(pg.escapeLiteral).join(", ")}]`;
}
