import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import type { Admin } from "./config.js";

/** Connecting and signing in, in milliseconds. */
const LONGEST_CONNECT = 5_000;

/** A client whose socket can be closed under it: every answer it waits for fails now. */
export class CuttableClient extends pg.Client {
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

  /** What the work sends is one piece on the wire: one call of the kernel here, and one awakening there. */
  atOnce<Value>(work: () => Value): Value {
    this.#socket.cork();
    try {
      return work();
    } finally {
      this.#socket.uncork();
    }
  }
}

/**
 * How the broker connects. Everything is said, so that neither its environment (PG*) nor settings of the role or of the
 * database change what the statements mean: a schema put before pg_catalog could otherwise lend its functions to the
 * broker's rights.
 */
export function clientOptions(admin: Admin, database: string): pg.ClientConfig {
  const settings = {
    search_path: "pg_catalog,pg_temp",
    statement_timeout: "30s",
    lock_timeout: "5s",
    idle_in_transaction_session_timeout: "30s",
    default_transaction_isolation: "read\\ committed",
    default_transaction_read_only: "off",
    synchronous_commit: "on",
    standard_conforming_strings: "on",
    check_function_bodies: "off", // statements are parsed once, when they are run
    // Few rows of catalogues that grow and shrink faster than they are analysed: a plan made when they were small must not stay.
    enable_seqscan: "off",
    plan_cache_mode: "force_generic_plan",
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
