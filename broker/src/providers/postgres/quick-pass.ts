import pg from "pg";
import type { Revocation } from "../../ports/provider.js";
import type { Connection, Prepared } from "./connect.js";
import type { PostgresHandle } from "./handle.js";
import { KEEPER_NAME } from "./keeper.js";
import type { PassReport } from "./pass-report.js";

/** A role that is there: its number, and the keeper (keeper.ts) that may alter and drop it, if that is not the account itself. */
interface Role {
  readonly name: string;
  readonly createBy: number;
  readonly id: number;
  readonly keeper: string | null;
}

/**
 * Deny, look for sessions, drop and verify for roles that nobody uses any more and that own nothing, which most are: the same steps
 * and commits as revocationPass, in statements that need no planning or stay planned. Planning the whole pass anew costs the
 * server several times as much as all of this.
 *
 * One answer per item; `undefined` where it is not as simple as that (a session is alive or about to be, something is in the way, it was never
 * created): revocationPass does those from the beginning. Rejects only when the connection fails.
 */
export async function quickPass(
  connection: Connection,
  items: readonly Revocation<PostgresHandle>[],
): Promise<(PassReport | undefined)[]> {
  const gone = new Map<string, PassReport>();
  try {
    const roles = await find(connection, items);
    const unused = roles.length === 0 ? [] : await deny(connection, roles);
    const dropped = unused.length === 0 ? [] : await drop(connection, unused);
    for (const { name, final } of dropped) gone.set(name, { ...GONE, final });
  } catch (error) {
    // What it is about, and for which role, the other pass finds out.
    if (!(error instanceof pg.DatabaseError && error.severity === "ERROR")) throw error;
  }
  return items.map(({ handle }) => gone.get(handle.role));
}

const GONE = { ended: 0, fenced: true, gone: true, dirty: false, failure: null } as const;

async function find(connection: Connection, items: readonly Revocation<PostgresHandle>[]): Promise<Role[]> {
  const rows = await connection.pipeline(prepared(FIND, [items.map(({ handle }) => handle.role)]));
  const roles = rows.flatMap(({ id, keeper }, index) => {
    const item = items[index];
    if (typeof id !== "number" || item === undefined) return [];
    return [
      { name: item.handle.role, createBy: item.createBy, id, keeper: typeof keeper === "string" ? keeper : null },
    ];
  });
  // Always in one order, so that two passes never wait crosswise.
  return roles.sort((a, b) => compare(a.keeper ?? "", b.keeper ?? "") || compare(a.name, b.name));
}

/** A role that nobody can log in with any more, and that has no session. */
interface Unused extends Role {
  /** No create of it can succeed any more: the target's clock is past that. */
  readonly final: boolean;
}

/**
 * Those that are unused once the denial is committed: seen by every sign-in from then on. It need not reach the disk by itself. The drop that follows
 * waits for the disk, and for all that came before; a server that crashes in between has lost every session, and the lease is still in revocation.
 */
async function deny(connection: Connection, roles: readonly Role[]): Promise<Unused[]> {
  const ids = roles.map(({ id }) => id);
  const alter = `SET LOCAL synchronous_commit = off;${byKeeper(roles, (names) => names.map((name) => `ALTER ROLE ${name} ${DENIED}`).join(";"))}`;
  const [seen] = await connection.pipeline(alter, prepared(SIGNING_IN, []), prepared(SESSIONS, [ids]));
  if (seen?.signingIn !== false) return [];
  const alive = new Set(numbers(seen.alive));
  // A session that ended may have left a prepared transaction: looked for when none is left.
  const [owners] = seen.prepares === false ? [] : await connection.pipeline(prepared(PREPARED_XACTS, []));
  const preparing = new Set(Array.isArray(owners?.owners) ? owners.owners.map(String) : []);
  const now = Number(seen.clock);
  return roles
    .filter(({ id, name }) => !alive.has(id) && !preparing.has(name))
    .map((role) => ({ ...role, final: now >= role.createBy }));
}

/** Those that are gone then; none of them, if a session has appeared all the same. */
async function drop(connection: Connection, unused: readonly Unused[]): Promise<Unused[]> {
  const names = unused.map(({ name }) => name);
  const message = byKeeper(unused, (group) => `DROP ROLE ${group.join(", ")}`);
  const [left] = await connection.pipeline(message, prepared(LEFT, [names, unused.map(({ id }) => id)]));
  const isLeft = left === undefined || numbers(left.alive).length > 0;
  const there = new Set(Array.isArray(left?.there) ? left.there.map(String) : names);
  return isLeft ? [] : unused.filter(({ name }) => !there.has(name));
}

/** One message is one transaction, which ends with the keeper's part in it. */
function byKeeper(roles: readonly Role[], statements: (names: readonly string[]) => string): string {
  const groups = new Map<string | null, string[]>();
  for (const { keeper, name } of roles) {
    const group = groups.get(keeper);
    if (group === undefined) groups.set(keeper, [pg.escapeIdentifier(name)]);
    else group.push(pg.escapeIdentifier(name));
  }
  const parts = [...groups].map(
    ([keeper, names]) =>
      `SET LOCAL ROLE ${keeper === null ? "NONE" : pg.escapeIdentifier(keeper)};${statements(names)}`,
  );
  return `SET LOCAL lock_timeout = '100ms';${parts.join(";")}`;
}

const DENIED = "NOLOGIN PASSWORD NULL CONNECTION LIMIT 0 VALID UNTIL '-infinity'";

const FIND = {
  name: "phi_find",
  text: `SELECT r.id, k.keeper
           FROM unnest($1::text[]) WITH ORDINALITY AS n (name, place)
           CROSS JOIN LATERAL (SELECT to_regrole(n.name)::oid AS id OFFSET 0) AS r
           LEFT JOIN LATERAL (
             SELECT pg_get_userbyid(m.member)::text AS keeper FROM pg_auth_members AS m
              WHERE m.roleid = r.id AND m.admin_option AND pg_get_userbyid(m.member) ~ ${pg.escapeLiteral(KEEPER_NAME)}
              LIMIT 1) AS k ON true
          ORDER BY n.place`,
};

/** Backends at work, with those that are signing in and in no list of sessions yet (pass-kill.ts); to be read before the sessions are. */
const SIGNING_IN = {
  name: "phi_signing_in",
  text: `SELECT set_config('phi.signing_in', coalesce(string_agg(pid::text, ','), ''), false) FROM pg_locks
          WHERE locktype = 'virtualxid' AND granted AND pid <> pg_backend_pid()`,
};

const SESSIONS = {
  name: "phi_sessions",
  text: `WITH session AS MATERIALIZED (
           SELECT pid, usesysid FROM pg_stat_get_activity(NULL) WHERE usesysid IS NOT NULL OR datid IS NOT NULL)
         SELECT ARRAY(SELECT usesysid FROM session WHERE usesysid = ANY ($1::oid[])) AS alive,
                EXISTS (SELECT FROM unnest(string_to_array(current_setting('phi.signing_in'), ',')::int[]) AS s (pid)
                         WHERE s.pid NOT IN (SELECT pid FROM session)) AS "signingIn",
                current_setting('max_prepared_transactions') <> '0' AS prepares,
                (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS clock`,
};

const PREPARED_XACTS = {
  name: "phi_prepared_xacts",
  text: "SELECT array_agg(owner::text) AS owners FROM pg_prepared_xacts",
};

const LEFT = {
  name: "phi_left",
  text: `SELECT ARRAY(SELECT n FROM unnest($1::text[]) AS n WHERE to_regrole(n) IS NOT NULL) AS there,
                ARRAY(SELECT usesysid FROM pg_stat_get_activity(NULL) WHERE usesysid = ANY ($2::oid[])) AS alive`,
};

function prepared(statement: Pick<Prepared, "name" | "text">, values: Prepared["values"]): Prepared {
  return { ...statement, values };
}

function numbers(list: unknown): number[] {
  return Array.isArray(list) ? list.map(Number) : [];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
