import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Broker, startBroker } from "../environment/broker.js";
import { ADMIN_URL_VARIABLE } from "../environment/broker-config.js";
import { signInAt } from "../environment/caller.js";
import { freePort } from "../environment/free-port.js";
import { startIssuer } from "../environment/issuer.js";
import { seedOrders } from "../environment/orders.js";
import { startPostgres } from "../environment/postgres.js";
import { startSqld } from "../environment/sqld.js";
import { findSqld } from "../environment/sqld-binary.js";
import { type FaultyProxy, startFaultyProxy } from "./faulty-proxy.js";
import { createSpans, type Spans } from "./spans.js";

/** One of the brokers, which may be killed, frozen and started again. */
export interface Seat {
  /** For people: `broker 2`. */
  readonly name: string;
  readonly url: string;
  isUp(): boolean;
  kill(): Promise<void>;
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface SoakWorld {
  readonly seats: readonly Seat[];
  /** Between the brokers and their target. */
  readonly toTarget: FaultyProxy;
  /** Between the brokers and the database server; none when the ledger is a file. */
  readonly toLedger: FaultyProxy | undefined;
  /** When no broker was at work. */
  readonly nobody: Spans;
  /** The ledger, for libSQL. */
  readonly ledgerUrl: string;
  readonly target: pg.Pool;
  /** A phi token of alice. */
  readonly token: string;
  /** What the brokers warned of so far, and how often. */
  said(): Record<string, number>;
  close(): Promise<void>;
}

/** One broker on a file, or several on one libSQL server, and a target behind a network that can fail. */
export async function openSoakWorld(brokers: number): Promise<SoakWorld> {
  const folder = mkdtempSync(join(tmpdir(), "phi-soak-"));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const postgres = await startPostgres({ settings: { max_connections: "400" } });
    undo.push(() => postgres.stop());
    const issuer = await startIssuer();
    undo.push(() => issuer.stop());
    const orders = await seedOrders(postgres);
    const target = new pg.Pool({ connectionString: postgres.adminUrl, max: 2 });
    target.on("error", () => undefined);
    undo.push(() => target.end());
    const toTarget = await startFaultyProxy({ host: "127.0.0.1", port: postgres.port });
    undo.push(() => toTarget.close());
    const adminUrl = new URL(orders.brokerUrl);
    adminUrl.port = String(toTarget.port);

    const server = brokers === 1 ? undefined : await startServer();
    if (server !== undefined) undo.push(() => server.close());
    const database = server === undefined ? "file:./phi.db" : `http://127.0.0.1:${server.proxy.port}`;
    const ledgerUrl = server?.url ?? `file:${join(folder, "broker-0", "phi.db")}`;

    const nobody = createSpans();
    let working = 0;
    const seats: Seat[] = [];
    const logFiles: string[] = [];
    for (let index = 0; index < brokers; index++) {
      const path = join(folder, `broker-${index}`);
      mkdirSync(path, { mode: 0o700 });
      const port = await freePort();
      const configFile = join(path, "phi.yaml");
      writeFileSync(
        configFile,
        config({ port, issuer: issuer.url, database, keyFile: join(folder, "log-key"), targetPort: postgres.port }),
      );
      const env = { [ADMIN_URL_VARIABLE]: adminUrl.href };
      const logFile = join(path, "broker.log");
      const run = () => startBroker({ configFile, logFile, env });
      logFiles.push(logFile);
      let broker: Broker = await run();
      let isUp = true;
      working += 1;
      undo.push(() => broker.kill());
      const leaves = () => {
        isUp = false;
        if (--working === 0) nobody.begin();
      };
      const comes = () => {
        isUp = true;
        if (working++ === 0) nobody.end();
      };
      seats.push({
        name: `broker ${index + 1}`,
        url: `http://127.0.0.1:${port}`,
        isUp: () => isUp,
        async kill() {
          leaves();
          await broker.kill();
        },
        async start() {
          broker = await run();
          comes();
        },
        freeze() {
          leaves();
          process.kill(broker.pid, "SIGSTOP");
        },
        thaw() {
          process.kill(broker.pid, "SIGCONT");
          comes();
        },
      });
    }
    const first = seats[0];
    if (first === undefined) throw new Error("no broker");
    const { token } = await signInAt(first.url, issuer.url, "alice");
    return {
      seats,
      toTarget,
      toLedger: server?.proxy,
      nobody,
      ledgerUrl,
      target,
      token,
      said: () => warningsIn(logFiles),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function warningsIn(logFiles: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of logFiles.flatMap((file) => readFileSync(file, "utf8").split("\n"))) {
    const [, level, event] = /^\{.*"level":"(warn|error)".*?"event":"([^"]*)"/.exec(line) ?? [];
    if (level !== undefined) counts[`${level}: ${event}`] = (counts[`${level}: ${event}`] ?? 0) + 1;
  }
  return counts;
}

async function startServer() {
  const found = findSqld();
  if ("missing" in found) throw new Error(`several brokers need a libSQL server: ${found.missing}`);
  const sqld = await startSqld({ binary: found.path });
  const proxy = await startFaultyProxy({ host: "127.0.0.1", port: Number(new URL(sqld.url).port) });
  return {
    url: sqld.url,
    proxy,
    async close() {
      await proxy.close();
      await sqld.stop();
    },
  };
}

const config = (of: { port: number; issuer: string; database: string; keyFile: string; targetPort: number }) => `
listen: 127.0.0.1:${of.port}
database: ${of.database}
audit: { keyFile: ${of.keyFile} }
issuer: { url: "${of.issuer}", clientId: phi-cli }
resources:
  db-prod:
    kind: postgres
    url: \${env:${ADMIN_URL_VARIABLE}}
    connect: { host: 127.0.0.1, port: ${of.targetPort} }
    roles: { readonly: { memberOf: [app_readonly] } }
policies:
  - { name: at once, requesters: [group:engineering], resources: [db-prod], roles: [readonly], maxDuration: 1h }
`;
