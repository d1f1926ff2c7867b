import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { PhiError } from "@phi/shared/errors";
import pg from "pg";
import type { Admin, PostgresConfig } from "./config.js";

/** One connection of the broker to a target, lent out. */
export interface Connection {
  /** Rows of one statement. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Several messages sent at once, each its own transaction; the rows of the last. Rejects when one of them fails. */
  pipeline(...messages: string[]): Promise<Record<string, unknown>[]>;
}

/** How long a piece of work may take altogether, in milliseconds; then its connection is cut. */
const LONGEST_WORK = 45_000;
/** Connecting, signing in, and waiting for a free connection. */
const LONGEST_CONNECT = 5_000;
/** Idle connections stay warm: signing in costs more than issuing. */
const LONGEST_IDLE = 5 * 60_000;
const MOST_CONNECTIONS = 8;

export type Connections = ReturnType<typeof createConnections>;

/** The broker's connections to PostgreSQL: one small pool per target, and single ones to its other databases. */
export function createConnections() {
  const pools = new Map<string, pg.Pool>();

  function poolOf(config: PostgresConfig): pg.Pool {
    const admin = config.admin.reveal();
    const key = JSON.stringify(admin);
    const known = pools.get(key);
    if (known !== undefined) return known;
    const pool = new pg.Pool({
      ...clientOptions(admin, admin.database),
      Client: CuttableClient,
      max: MOST_CONNECTIONS,
      idleTimeoutMillis: LONGEST_IDLE,
      allowExitOnIdle: true,
    });
    // An idle connection that the server ended; the pool has dropped it already.
    pool.on("error", () => undefined);
    pools.set(key, pool);
    return pool;
  }

  return {
    /** Lends a warm connection to the target's own database. Aborting cuts it at once: what was under way is then unknown. */
    async use<T>(
      config: PostgresConfig,
      signal: AbortSignal,
      work: (connection: Connection) => Promise<T>,
    ): Promise<T> {
      begin(signal);
      const connecting = poolOf(config).connect();
      const client = await orAborted(connecting, signal, (late) => late.release());
      let reusable = false;
      try {
        const result = await bounded(client, signal, work);
        reusable = true;
        return result;
      } catch (error) {
        reusable = error instanceof pg.DatabaseError && error.severity === "ERROR";
        throw error;
      } finally {
        client.release(!reusable);
      }
    },

    /** A connection to another database of the same server, for one piece of work. */
    async useDatabase<T>(
      config: PostgresConfig,
      database: string,
      signal: AbortSignal,
      work: (connection: Connection) => Promise<T>,
    ): Promise<T> {
      begin(signal);
      const client = new CuttableClient(clientOptions(config.admin.reveal(), database));
      try {
        await orAborted(client.connect(), signal, () => cut(client));
        return await bounded(client, signal, work);
      } finally {
        client.end().catch(() => undefined);
      }
    },

    /** Ends every idle connection and each busy one as soon as its work is done. */
    async close(): Promise<void> {
      const ending = [...pools.values()].map((pool) => pool.end());
      pools.clear();
      await Promise.all(ending);
    },
  };
}

/**
 * Everything is said, so that neither the broker's environment (PG*) nor settings of the role or the database change what
 * the statements mean: a schema put before pg_catalog could otherwise lend its functions to the broker's rights.
 */
function clientOptions(admin: Admin, database: string): pg.ClientConfig {
  const settings = {
    search_path: "pg_catalog,pg_temp",
    statement_timeout: "30s",
    lock_timeout: "5s",
    idle_in_transaction_session_timeout: "30s",
    default_transaction_isolation: "read\\ committed",
    default_transaction_read_only: "off",
    synchronous_commit: "on",
    standard_conforming_strings: "on",
    client_min_messages: "error",
    DateStyle: "ISO",
    TimeZone: "UTC",
  };
  return {
    host: admin.host,
    port: admin.port,
    database,
    user: admin.user,
    password: admin.password,
    ssl: tls(admin),
    application_name: "phi-broker",
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(" "),
    connectionTimeoutMillis: LONGEST_CONNECT,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    pipeline: true,
  };
}

/** libpq's meanings of sslmode (PostgreSQL manual §34.19.3), with Node's list of authorities where no file is named. */
function tls(admin: Admin): false | ConnectionOptions {
  const ca = admin.sslrootcert === undefined ? {} : { ca: readFileSync(admin.sslrootcert, "utf8") };
  switch (admin.sslmode) {
    case "disable":
      return false;
    case "require":
      return admin.sslrootcert === undefined ? { rejectUnauthorized: false } : { ...ca, checkServerIdentity: anyName };
    case "verify-ca":
      return { ...ca, checkServerIdentity: anyName };
    case "verify-full":
      return ca;
  }
}

const anyName = () => undefined;

async function bounded<T>(
  client: pg.ClientBase,
  signal: AbortSignal,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  let stopped: PhiError | undefined;
  const stop = (why: PhiError) => {
    stopped ??= why;
    cut(client);
  };
  const onAbort = () => stop(interrupted());
  const timer = setTimeout(() => stop(tooSlow()), LONGEST_WORK);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    return await work({
      query: async (sql) => (await client.query(sql)).rows,
      pipeline: async (...messages) => {
        const answers = await Promise.all(messages.map((sql) => client.query(sql)));
        return answers.at(-1)?.rows ?? [];
      },
    });
  } catch (error) {
    throw stopped ?? error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

/** A client whose socket can be closed under it: every answer it waits for fails now. */
class CuttableClient extends pg.Client {
  readonly #socket: Socket;

  constructor(config: pg.ClientConfig = {}) {
    const socket = new Socket();
    // Named, because the pool makes it invisible to the spread.
    super({ ...config, password: config.password, stream: () => socket });
    this.#socket = socket;
    // A server that goes away ends the process otherwise; whatever is under way fails by itself.
    this.on("error", () => undefined);
  }

  cut(): void {
    this.#socket.destroy();
  }
}

function cut(client: pg.ClientBase): void {
  if (client instanceof CuttableClient) client.cut();
}

/** Stops waiting for `pending` when the signal says so; what arrives after that goes to `late`. */
function orAborted<T>(pending: Promise<T>, signal: AbortSignal, late: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(interrupted());
      pending.then(late, () => undefined);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    pending.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function begin(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
  // One signal, that of shutting down for example, may stop any number of pieces of work.
  setMaxListeners(0, signal);
}

const interrupted = () => new PhiError("target_unavailable", "The broker stopped waiting for PostgreSQL.");
const tooSlow = () =>
  new PhiError("target_unavailable", `PostgreSQL did not answer within ${LONGEST_WORK / 1_000} seconds.`);
