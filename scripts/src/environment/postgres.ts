import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { leaveTemplate, takeTemplate } from "./cluster-template.js";
import { freePort } from "./free-port.js";
import { type GuardedProcess, startGuarded } from "./guarded-process.js";
import { findPostgres, type PostgresBinaries, postgresEnvironment } from "./postgres-binaries.js";
import { ensureCluster, prepareFolder, type ServerFolder, SUPERUSER } from "./postgres-cluster.js";
import { type Account, serverAccount } from "./server-account.js";

export interface PostgresOptions {
  /** Kept: data and password are found again by the next start. Without it a temporary one, removed by `stop`. */
  readonly dir?: string | undefined;
  /** A free one when absent. */
  readonly port?: number | undefined;
  /** Trades safety in a power cut for speed. Default: when the directory is temporary. */
  readonly quick?: boolean | undefined;
  /** Further server settings, for example `{ log_statement: "all" }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

export interface Postgres {
  readonly port: number;
  /** Of the postmaster. */
  readonly pid: number;
  readonly majorVersion: number;
  /** The superuser's connection string, to the database `postgres`. */
  readonly adminUrl: string;
  /** Everything the server has said; append-only. */
  readonly logFile: string;
  /** A connection string. It says `sslmode=disable`, so that the caller's `PGSSLMODE` does not matter. */
  url(user: string, password: string, database: string): string;
  /** Creates a database owned by the superuser; any name of 1 to 63 bytes. */
  createDatabase(name: string): Promise<void>;
  /** Ends the connections, stops the server, and removes a temporary directory. May be called again. */
  stop(): Promise<void>;
}

/**
 * A real PostgreSQL of our own: on 127.0.0.1 only, no Unix socket, SCRAM passwords only. It ends with this process, even
 * when that is killed with -9. Takes about two seconds the first time, a tenth of one in a directory that has a cluster.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const account = serverAccount();
  const folder = prepareFolder(options.dir, account);
  const temporary = options.dir === undefined ? [folder.path] : [];
  const removeTemporary = () => {
    for (const path of temporary.splice(0)) rmSync(path, { recursive: true, force: true });
  };
  const scratch = () => {
    if (folder.isReachable) return folder.path;
    const elsewhere = mkdtempSync(join(tmpdir(), "phi-postgres-"));
    chmodSync(elsewhere, 0o711);
    temporary.push(elsewhere);
    return elsewhere;
  };

  try {
    const binaries = findPostgres(account, scratch);
    // A temporary one only: what people keep is theirs alone.
    const isTaken = options.dir === undefined && takeTemplate(folder, binaries.majorVersion);
    const password = ensureCluster(folder, binaries, account);
    if (options.dir === undefined && !isTaken) leaveTemplate(folder, binaries.majorVersion);
    const { server, port } = await startServer(folder, binaries, account, options);

    const url = (user: string, secret: string, database: string) =>
      `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@127.0.0.1:${port}/${encodeURIComponent(database)}?sslmode=disable`;
    const adminUrl = url(SUPERUSER, password, "postgres");
    return {
      port,
      pid: server.pid,
      majorVersion: binaries.majorVersion,
      adminUrl,
      logFile: folder.logFile,
      url,
      createDatabase: async (name) => {
        const client = new pg.Client({ connectionString: adminUrl });
        await client.connect();
        try {
          await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
        } finally {
          await client.end();
        }
      },
      stop: async () => {
        await server.stop();
        removeTemporary();
      },
    };
  } catch (error) {
    removeTemporary();
    throw error;
  }
}

async function startServer(
  folder: ServerFolder,
  binaries: PostgresBinaries,
  account: Account | undefined,
  options: PostgresOptions,
): Promise<{ server: GuardedProcess; port: number }> {
  // A free port may be taken between asking and binding; a wanted one either is ours or is an error.
  const attempts = options.port === undefined ? 5 : 1;
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const log = openSync(folder.logFile, "a", 0o600);
    const server = await startGuarded({
      command: binaries.postgres,
      args: ["-D", folder.dataAsSeenInside, ...settingsOf(port, options)],
      env: postgresEnvironment,
      cwd: folder.data,
      account,
      stopSignal: "SIGINT", // "fast": ends the sessions, writes a checkpoint
      stdout: log,
      stderr: log,
      litter: options.dir === undefined ? folder.path : undefined,
    }).finally(() => closeSync(log));
    const ready = await waitUntilReady(server, folder.data);
    if (ready) return { server, port };
    if (attempt >= attempts) throw new Error(`PostgreSQL did not start on port ${port}:\n${lastLines(folder.logFile)}`);
  }
}

function settingsOf(port: number, options: PostgresOptions): string[] {
  const quick = options.quick ?? options.dir === undefined;
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    password_encryption: "scram-sha-256",
    max_connections: "200",
    shared_buffers: "32MB",
    logging_collector: "off",
    timezone: "UTC",
    log_timezone: "UTC",
    ...(quick ? { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } : {}),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/**
 * Whether the server came up. Like pg_ctl it reads `postmaster.pid`: line 1 is the pid, line 8 the state. Reading the
 * log instead would depend on its wording, and asking over the network on somebody else's server at the port.
 */
async function waitUntilReady(server: GuardedProcess, data: string): Promise<boolean> {
  const deadline = performance.now() + 60_000; // crash recovery of a kept directory on a busy machine
  let ended = false;
  void server.exited.then(() => {
    ended = true;
  });
  while (!ended && performance.now() < deadline) {
    const lines = readIfThere(join(data, "postmaster.pid")).split("\n");
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === "ready") return true;
    await sleep(20);
  }
  await server.stop();
  return false;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function lastLines(file: string): string {
  return readIfThere(file).trimEnd().split("\n").slice(-8).join("\n");
}
