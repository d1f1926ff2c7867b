import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Broker, startBroker } from "./broker.js";
import { ADMIN_URL_VARIABLE, brokerConfig } from "./broker-config.js";
import { freePort } from "./free-port.js";
import { type Issuer, startIssuer } from "./issuer.js";
import { type Orders, seedOrders } from "./orders.js";
import type { Person } from "./people.js";
import { type Postgres, startPostgres } from "./postgres.js";

export interface EnvironmentOptions {
  /** Kept between runs with all that is in it: ledger, rows, keys, ports. Without it a temporary one. */
  readonly stateDir?: string | undefined;
  /** The broker's; a free one when absent, and in a kept directory the one of the run before. */
  readonly port?: number | undefined;
  /** Rewrites the broker's configuration. */
  readonly config?: ((text: string) => string) | undefined;
}

export interface Environment {
  /** The broker that runs now. */
  readonly broker: Broker;
  readonly issuer: Issuer;
  readonly postgres: Postgres;
  readonly orders: Orders;
  readonly people: readonly Person[];
  readonly stateDir: string;
  readonly configFile: string;
  /** The broker's stderr. */
  readonly brokerLog: string;
  /** A superuser's connection string to the orders database, for looking at what is really there. */
  readonly inspectUrl: string;
  /** A new broker on the same address, files and database; end the old one first. */
  restartBroker(): Promise<Broker>;
  /** Stops everything, broker first, and removes a temporary directory. May be called again. */
  stop(): Promise<void>;
}

/** Issuer, PostgreSQL with the orders database, and the real broker, all on loopback, ready to use. */
export async function startEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  const temporary = options.stateDir === undefined;
  if (options.stateDir !== undefined) mkdirSync(options.stateDir, { recursive: true, mode: 0o711 });
  const stateDir = realpathSync(options.stateDir ?? mkdtempSync(join(tmpdir(), "phi-dev-")));
  const undo: (() => Promise<void> | void)[] = [];
  if (temporary) undo.push(() => rmSync(stateDir, { recursive: true, force: true }));
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };

  try {
    const kept = readPorts(stateDir);
    const issuer = await startIssuer({ port: kept.issuer, keysFile: join(stateDir, "issuer-keys.json") }).catch(
      (error) => {
        throw explainTaken(error, kept.issuer, stateDir);
      },
    );
    undo.push(() => issuer.stop());

    // A temporary cluster has a directory of its own, which goes with it even when we are killed.
    const postgres = await startPostgres(temporary ? {} : { dir: join(stateDir, "postgres") });
    undo.push(() => postgres.stop());
    const orders = await seedOrders(postgres);

    const brokerDir = join(stateDir, "broker");
    mkdirSync(brokerDir, { recursive: true, mode: 0o700 });
    chmodSync(brokerDir, 0o700);
    const configFile = join(brokerDir, "phi.yaml");
    const brokerLog = join(brokerDir, "broker.log");
    const port = options.port ?? kept.broker ?? (await freePort());
    const text = brokerConfig({ port, issuerUrl: issuer.url });
    writeFileSync(configFile, options.config?.(text) ?? text, { mode: 0o600 });
    const runBroker = () =>
      startBroker({
        configFile,
        logFile: brokerLog,
        env: { [ADMIN_URL_VARIABLE]: orders.brokerUrl },
        litter: temporary ? stateDir : undefined,
      });
    let broker = await runBroker();
    undo.push(() => broker.stop());
    writePorts(stateDir, { broker: port, issuer: Number(new URL(issuer.url).port) });

    const inspect = new URL(postgres.adminUrl);
    inspect.pathname = `/${orders.database}`;
    return {
      get broker() {
        return broker;
      },
      issuer,
      postgres,
      orders,
      people: issuer.people,
      stateDir,
      configFile,
      brokerLog,
      inspectUrl: inspect.href,
      restartBroker: async () => {
        broker = await runBroker();
        return broker;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Addresses are part of the state: a sign-in belongs to a broker's URL, and a principal to an issuer's. */
interface Ports {
  readonly broker?: number;
  readonly issuer?: number;
}

function readPorts(stateDir: string): Ports {
  try {
    return JSON.parse(readFileSync(join(stateDir, "ports.json"), "utf8")) as Ports;
  } catch {
    return {};
  }
}

function writePorts(stateDir: string, ports: Required<Ports>): void {
  writeFileSync(join(stateDir, "ports.json"), `${JSON.stringify(ports)}\n`, { mode: 0o600 });
}

function explainTaken(error: NodeJS.ErrnoException, port: number | undefined, stateDir: string): Error {
  if (error.code !== "EADDRINUSE") return error;
  return new Error(
    `Port ${port}, the issuer's in ${stateDir}, is taken. Is the environment running there already? Stop it, or choose another --state.`,
  );
}
