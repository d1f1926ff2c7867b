import pg from "pg";
import type { PostgresConfig } from "./config.js";
import type { Connection, Connections } from "./connect.js";
import { type Failure, readFailure } from "./failure.js";

/** Why a role could not be cleaned; by role name. Roles that are not in it are clean. */
export type Dirt = Map<string, Failure>;

/** What a role has in one database. */
interface Remains {
  readonly role: string;
  readonly database: string;
  /** Identifiers of transactions it has prepared. */
  readonly prepared: string[];
}

/**
 * Takes from fenced roles what stands in the way of dropping them, in every database where there is something: prepared
 * transactions are rolled back, tables and other data go to the graveyard, functions are dropped, rights are withdrawn.
 * One transaction per role and database.
 */
export async function clean(
  connections: Connections,
  config: PostgresConfig,
  roles: readonly string[],
  signal: AbortSignal,
): Promise<Dirt> {
  const dirt: Dirt = new Map();
  const remains = await connections.use(config, signal, (connection) => findRemains(connection, roles));
  for (const database of new Set(remains.map((remain) => remain.database))) {
    const there = remains.filter((remain) => remain.database === database);
    try {
      await connections.useDatabase(config, database, signal, (connection) =>
        cleanDatabase(connection, config.graveyard, there, dirt),
      );
    } catch (error) {
      for (const { role } of there) dirt.set(role, readFailure(error));
    }
  }
  return dirt;
}

/** `pg_shdepend` is shared by all databases and tells which of them hold something of a role; 0 is none in particular. */
async function findRemains(connection: Connection, roles: readonly string[]): Promise<Remains[]> {
  const names = `ARRAY[${roles.map(pg.escapeLiteral).join(", ")}]`;
  const rows = await connection.query(`
    SELECT role, database, array_remove(array_agg(DISTINCT gid), NULL) AS prepared
      FROM (
        SELECT r.rolname::text AS role, coalesce(d.datname, current_database())::text AS database, NULL::text AS gid
          FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid LEFT JOIN pg_database d ON d.oid = s.dbid
         WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = ANY (${names})
        UNION ALL
        SELECT owner::text, database::text, gid FROM pg_prepared_xacts WHERE owner = ANY (${names})
      ) AS found
     GROUP BY role, database`);
  return rows.map((row) => ({
    role: String(row.role),
    database: String(row.database),
    prepared: Array.isArray(row.prepared) ? row.prepared.map(String) : [],
  }));
}

async function cleanDatabase(
  connection: Connection,
  graveyard: string,
  remains: readonly Remains[],
  dirt: Dirt,
): Promise<void> {
  for (const { role, prepared } of remains) {
    try {
      for (const gid of prepared) {
        // Only the role itself may do this, and not in a transaction block.
        await connection.pipeline(
          `SET ROLE ${pg.escapeIdentifier(role)}`,
          `ROLLBACK PREPARED ${pg.escapeLiteral(gid)}`,
          "RESET ROLE",
        );
      }
      await connection.query(moveToGraveyard(role, graveyard));
    } catch (error) {
      const failure = readFailure(error);
      dirt.set(role, failure);
      if (failure.class === "connection") throw error;
    }
  }
}

/**
 * Functions are not moved, they are dropped. One that lived on could be called by whoever found it, with what the graveyard
 * owns if it is SECURITY DEFINER, or be run as a trigger by whoever writes to a table; and the graveyard may not hold them
 * anyway, having no right to create anything. A trigger goes with its function; where anything else depends on
 * one, DROP is refused and a person has to look.
 *
 * The rest goes to the graveyard, never to a role with rights: a view or a table that runs code does so as its owner.
 */
function moveToGraveyard(role: string, graveyard: string): string {
  const body = `
    DECLARE
      owner CONSTANT oid := to_regrole(${pg.escapeLiteral(role)})::oid;
      routines CONSTANT oid[] := ARRAY(SELECT oid FROM pg_proc WHERE proowner = owner);
      only_triggers CONSTANT boolean := NOT EXISTS (
        SELECT FROM pg_depend WHERE refclassid = 'pg_proc'::regclass AND refobjid = ANY (routines)
           AND classid <> 'pg_trigger'::regclass AND NOT (classid = 'pg_proc'::regclass AND objid = ANY (routines)));
    BEGIN
      IF owner IS NULL THEN RETURN; END IF;
      IF routines <> '{}' THEN
        EXECUTE 'DROP ROUTINE ' || (SELECT string_agg(routine::regprocedure::text, ', ') FROM unnest(routines) AS routine)
          || CASE WHEN only_triggers THEN ' CASCADE' ELSE ' RESTRICT' END;
      END IF;
      REASSIGN OWNED BY ${pg.escapeIdentifier(role)} TO ${pg.escapeIdentifier(graveyard)};
      DROP OWNED BY ${pg.escapeIdentifier(role)};
    END`;
  return `DO LANGUAGE plpgsql ${pg.escapeLiteral(body)}`;
}
