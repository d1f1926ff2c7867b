import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Broker, type BrokerOptions, startBroker } from "../../environment/broker.js";
import { ADMIN_URL_VARIABLE } from "../../environment/broker-config.js";
import { type Caller, signInAt } from "../../environment/caller.js";
import { freePort } from "../../environment/free-port.js";
import { startIssuer } from "../../environment/issuer.js";
import { seedOrders } from "../../environment/orders.js";
import { startPostgres } from "../../environment/postgres.js";

/** A broker's folder, started as often as wanted. */
export interface Home {
  readonly ledgerFile: string;
  readonly url: string;
  start(options?: Pick<BrokerOptions, "program" | "readyWithin">): Promise<Broker>;
}

/** `least`: what a broker needs and no more. `superuser`: shows what PostgreSQL's walk through an account's memberships costs. */
export type Account = "least" | "superuser";

export interface World {
  /** A superuser's way to the target, for looking. */
  readonly target: pg.Pool;
  /** The broker's account there, also for what is done by hand: PostgreSQL spares a superuser much work. */
  readonly accountUrl: string;
  newHome(): Promise<Home>;
  signIn(home: Home): Promise<Caller>;
  close(): Promise<void>;
}

/**
 * PostgreSQL as it is installed: it waits for the disk, as phi's ledger does. NODE_EXTRA_CA_CERTS reaches no broker, because
 * brokers get PATH and HOME only.
 */
export async function openWorld(account: Account): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "phi-bench-"));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const [postgres, issuer] = await Promise.all([
      startPostgres({ quick: false, settings: { max_connections: "500", shared_buffers: "128MB" } }),
      startIssuer(),
    ]);
    undo.push(
      () => postgres.stop(),
      () => issuer.stop(),
    );
    const orders = await seedOrders(postgres);
    const target = new pg.Pool({ connectionString: postgres.adminUrl, max: 2 });
    target.on("error", () => undefined);
    undo.push(() => target.end());
    const superuserUrl = new URL(postgres.adminUrl);
    superuserUrl.pathname = `/${orders.database}`;
    const accountUrl = account === "least" ? orders.brokerUrl : superuserUrl.href;
    let homes = 0;
    return {
      target,
      accountUrl,
      close,
      async newHome() {
        const path = join(folder, `broker-${++homes}`);
        mkdirSync(path, { mode: 0o700 });
        const port = await freePort();
        const configFile = join(path, "phi.yaml");
        writeFileSync(configFile, config(port, issuer.url));
        const env = { [ADMIN_URL_VARIABLE]: accountUrl };
        return {
          ledgerFile: join(path, "phi.db"),
          url: `http://127.0.0.1:${port}`,
          start: (options) => startBroker({ configFile, logFile: join(path, "broker.log"), env, ...options }),
        };
      },
      signIn: (home) => signInAt(home.url, issuer.url, "alice"),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const config = (port: number, issuerUrl: string) => `
listen: 127.0.0.1:${port}
database: file:./phi.db
issuer: { url: "${issuerUrl}", clientId: phi-cli }
resources:
  db-prod:
    kind: postgres
    url: \${env:${ADMIN_URL_VARIABLE}}
    roles:
      readonly: { memberOf: [app_readonly] }
policies:
  - { name: at once, requesters: [group:engineering], resources: [db-prod], roles: [readonly], maxDuration: 1h }
`;
