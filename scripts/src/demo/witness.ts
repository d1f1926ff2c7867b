import pg from "pg";

/** Looks at the server as its superuser, past phi: what is really there? */
export interface Witness {
  /** Roles that a broker of phi made and that exist now. */
  roles(): Promise<Record<string, unknown>[]>;
  /** Connections of such roles that are open now, also of roles dropped meanwhile. */
  sessions(): Promise<Record<string, unknown>[]>;
  /** Milliseconds since the epoch, by the server's clock, when neither roles nor sessions are left. Gives up after `limitMs`. */
  nothingLeft(limitMs: number): Promise<number | undefined>;
  /** The one value of a statement. */
  value(sql: string): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * The two statements of the proof, as anybody could type them. The broker's own roles have one underscore, those it makes
 * have two; a session whose role was dropped has no name any more. `phi_…_anchor` is the broker's mark on the target, and it makes
 * leases through `phi_…_keeper…`: none of them has a right on anything or can log in.
 */
export const ROLES = "SELECT rolname FROM pg_roles WHERE rolname ~ '^phi_[a-z0-9]+_[a-z0-9]{16}$'";
export const SESSIONS = String.raw`SELECT usename, state, query FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND (usename LIKE 'phi\_%\_%' OR usename IS NULL)`;

export async function createWitness(connectionString: string): Promise<Witness> {
  const client = new pg.Client({ connectionString });
  client.on("error", () => {}); // a lost connection shows at the next question
  await client.connect();
  const rows = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows;
  const value = async (sql: string) => Object.values((await rows(sql))[0] ?? {})[0];
  return {
    roles: () => rows(ROLES),
    sessions: () => rows(SESSIONS),
    value,
    async nothingLeft(limitMs) {
      const deadline = performance.now() + limitMs;
      while (performance.now() < deadline) {
        const left = await value(`SELECT (SELECT count(*) FROM (${ROLES}) r) + (SELECT count(*) FROM (${SESSIONS}) s)`);
        if (Number(left) === 0) return Number(await value("SELECT extract(epoch FROM clock_timestamp()) * 1000"));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return undefined;
    },
    close: () => client.end(),
  };
}
