import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { seedOrders } from "@phi/scripts/environment/orders";
import { type Postgres, startPostgres } from "@phi/scripts/environment/postgres";
import { Secret } from "@phi/shared/secret";
import pg from "pg";
import type { Credential } from "../../ports/provider.js";
import type { ContractSession, ContractTarget } from "../contract-suite.testing.js";
import { configSchema, type PostgresConfig } from "./config.js";
import type { PostgresHandle } from "./handle.js";
import { createPostgresProvider } from "./provider.js";
import { type PostgresRole, roleSchema } from "./role.js";

export interface PostgresTarget extends ContractTarget<PostgresConfig, PostgresRole, PostgresHandle> {
  readonly postgres: Postgres;
  /** The superuser, in the database of the orders. */
  readonly root: pg.Client;
  readonly readwrite: PostgresRole;
  /** A session of any user in any database; its errors are the caller's. */
  open(user: string, password: string, database: string): Promise<pg.Client>;
  openAs(credential: Credential, database?: string): Promise<pg.Client>;
  configFor(url: string): PostgresConfig;
  stop(): Promise<void>;
}

const HOSTILE_NAMES = [
  'a"b',
  "Robert'); DROP TABLE orders;--",
  "$phi$ $$ E'\\",
  "Größe 🦄 漢字",
  "x".repeat(63),
  "SELECT",
];

/**
 * A server with the orders on it and a broker role without superuser rights, that logs every statement and allows
 * prepared transactions.
 */
export async function startPostgresTarget(): Promise<PostgresTarget> {
  const postgres = await startPostgres({ settings: { log_statement: "all", max_prepared_transactions: "10" } });
  const silence = createServer(() => undefined);
  await new Promise<void>((resolve) => silence.listen(0, "127.0.0.1", resolve));
  silence.unref();
  const address = silence.address();
  const silentPort = typeof address === "object" && address !== null ? address.port : 0;

  const orders = await seedOrders(postgres);
  const rootUrl = new URL(postgres.adminUrl);
  const open = async (user: string, password: string, database: string) => {
    const client = new pg.Client({ host: "127.0.0.1", port: postgres.port, ssl: false, user, password, database });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  const root = await open(rootUrl.username, decodeURIComponent(rootUrl.password), orders.database);
  for (const name of HOSTILE_NAMES) {
    const group = pg.escapeIdentifier(name);
    await root.query(`CREATE ROLE ${group} NOLOGIN; GRANT CONNECT ON DATABASE ${orders.database} TO ${group};
      GRANT USAGE ON SCHEMA public TO ${group}; GRANT SELECT ON orders TO ${group}; GRANT ${group} TO phi_broker WITH ADMIN OPTION`);
  }

  const provider = createPostgresProvider({ now: Date.now });
  const configFor = (url: string) => configSchema.parse({ url: new Secret(url) });
  const atPort = (port: number) => {
    const url = new URL(orders.brokerUrl);
    url.port = String(port);
    return configFor(url.href);
  };
  const openAs = async (credential: Credential, database?: string) => {
    const { PGUSER = "", PGPASSWORD = "", PGDATABASE = "" } = credential.environment.reveal();
    return open(PGUSER, PGPASSWORD, database ?? PGDATABASE);
  };

  return {
    provider,
    postgres,
    root,
    config: configFor(orders.brokerUrl),
    role: roleSchema.parse({ memberOf: ["app_readonly"] }),
    readwrite: roleSchema.parse({ memberOf: ["app_readwrite"] }),
    hostileRoles: [...HOSTILE_NAMES.map((name) => [name]), HOSTILE_NAMES].map((memberOf) =>
      roleSchema.parse({ memberOf }),
    ),
    dead: atPort(1),
    silent: atPort(silentPort),
    configFor,
    open,
    openAs,
    connect: async (credential) => sessionOf(await openAs(credential)),
    sessions: async ({ role }) => {
      const { rows } = await root.query("SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1", [role]);
      return Number(rows[0].n);
    },
    exists: async ({ role }) => (await root.query("SELECT FROM pg_roles WHERE rolname = $1", [role])).rowCount === 1,
    endOf: async ({ role }) => {
      const sql = "SELECT (extract(epoch FROM rolvaliduntil) * 1000)::float8 AS until FROM pg_roles WHERE rolname = $1";
      const { rows } = await root.query(sql, [role]);
      return rows[0] === undefined ? undefined : Number(rows[0].until);
    },
    log: () => readFile(postgres.logFile, "utf8"),
    stop: async () => {
      await provider.close();
      await root.end();
      silence.close();
      await postgres.stop();
    },
  };
}

function sessionOf(client: pg.Client): ContractSession {
  return {
    read: () => client.query("SELECT count(*) FROM orders"),
    write: () => client.query("UPDATE orders SET status = 'stuck'"),
    work: (milliseconds) => client.query("SELECT pg_sleep($1)", [milliseconds / 1_000]),
    close: () => client.end(),
  };
}
