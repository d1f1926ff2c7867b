import { PhiError } from "@phi/shared/errors";
import { Secret } from "@phi/shared/secret";
import { printable } from "@phi/shared/text";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import pg from "pg";
import type { Credential, Order } from "../../ports/provider.js";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { clientEnvironment } from "./environment.js";
import { asPhiError } from "./failure.js";
import type { PostgresHandle } from "./handle.js";
import type { PostgresRole } from "./role.js";
import { newPassword, scramVerifier } from "./scram.js";

const TOO_LATE = "PHI01";
const BEING_REVOKED = "PHI02";

/**
 * Creates the role in one message and one transaction, so that nothing of it can arrive later on its own.
 *
 * @throws PhiError `target_refused` when the target's clock is at or past `createBy`, or rights are missing;
 *   `target_unavailable` when it does not answer or the signal aborts: then the role may exist, and has to be revoked.
 */
export async function issue(
  connections: Connections,
  now: () => Instant,
  order: Order<PostgresConfig, PostgresRole>,
  handle: PostgresHandle,
  signal: AbortSignal,
): Promise<Credential> {
  const password = newPassword();
  const statement = createRole(order, handle, scramVerifier(password, order.config.scramIterations));
  try {
    await connections.use(order.config, signal, (connection) => connection.query(statement));
  } catch (error) {
    throw refusal(error, order.createBy, now()) ?? asPhiError(error);
  }
  return { environment: new Secret(clientEnvironment(order.config.clients, handle.role, password)) };
}

/**
 * The clock is read under a lock that is held until the transaction is visible to others. A revocation that gets this lock
 * after `createBy` therefore knows: what was created before it can see, and nothing can be created any more.
 *
 * The commit need not reach the disk before the answer: a server that crashes just then forgets a credential, which is
 * safe, and the revocation waits for the disk.
 */
function createRole(order: Order<PostgresConfig, PostgresRole>, handle: PostgresHandle, verifier: string): string {
  const role = pg.escapeIdentifier(handle.role);
  // Sorted, because since PostgreSQL 16 a grant locks the group until the commit: two leases must not lock crosswise.
  const groups = [...order.role.memberOf].sort().map(pg.escapeIdentifier).join(", ");
  const comment = printable(`phi: lease ${order.leaseId}, request ${order.requestId}, for ${order.principal}`, 300);
  const execute = (sql: string) => `EXECUTE ${pg.escapeLiteral(sql)}`;
  const body = `
    BEGIN
      IF NOT pg_try_advisory_xact_lock(${lockKey(handle.role)}) THEN
        RAISE EXCEPTION 'phi: being revoked' USING ERRCODE = '${BEING_REVOKED}';
      END IF;
      IF clock_timestamp() >= ${instantLiteral(order.createBy)} THEN
        RAISE EXCEPTION '%', floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint USING ERRCODE = '${TOO_LATE}';
      END IF;
      PERFORM set_config('synchronous_commit', 'off', true);
      CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
        CONNECTION LIMIT ${order.role.connectionLimit}
        PASSWORD ${pg.escapeLiteral(verifier)}
        VALID UNTIL ${pg.escapeLiteral(toRfc3339(order.expiresAt))};
      COMMENT ON ROLE ${role} IS ${pg.escapeLiteral(comment)};
      -- The broker becomes a member of the new role: ending its sessions and clearing what it owns needs that.
      IF current_setting('server_version_num')::int >= 160000 THEN
        ${execute(`GRANT ${role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`)};
        ${execute(`GRANT ${groups} TO ${role} WITH INHERIT TRUE, SET ${order.role.setRole ? "TRUE" : "FALSE"}`)};
      ELSE
        ${execute(`GRANT ${role} TO CURRENT_USER`)};
        ${execute(`GRANT ${groups} TO ${role}`)};
      END IF;
    END`;
  return `DO LANGUAGE plpgsql ${pg.escapeLiteral(body)}`;
}

/** The advisory lock of one handle, as an SQL expression. Nobody can guess it before the role can be seen. */
export function lockKey(role: string): string {
  return `hashtextextended(${pg.escapeLiteral(role)}, 0)`;
}

/** An instant as an SQL expression that no setting changes the meaning of. */
export function instantLiteral(instant: Instant): string {
  return `timestamptz ${pg.escapeLiteral(toRfc3339(instant))}`;
}

/** Turns the two refusals of the statement itself into words. */
function refusal(error: unknown, createBy: Instant, now: Instant): PhiError | undefined {
  if (!(error instanceof pg.DatabaseError)) return undefined;
  if (error.code === BEING_REVOKED) {
    return new PhiError("target_refused", "The lease is being revoked, so PostgreSQL created nothing.");
  }
  if (error.code !== TOO_LATE) return undefined;

  const ahead = Number(error.message) - now;
  const late = Number(error.message) - createBy;
  if (Math.abs(ahead) < 2_000) {
    return new PhiError(
      "target_refused",
      `The order reached PostgreSQL ${spell(late)} too late, so it created nothing.`,
      {
        hint: "try again",
      },
    );
  }
  return new PhiError(
    "target_refused",
    `PostgreSQL created nothing, because its clock is ${spell(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} the broker's.`,
    { hint: "set both clocks by NTP, then try again", data: { clockAheadMs: ahead } },
  );
}

function spell(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1_000));
  return seconds === 1 ? "1 second" : `${seconds} seconds`;
}
