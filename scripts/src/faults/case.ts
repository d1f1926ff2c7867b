import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@libsql/client";
import { randomText } from "@phi/shared/ids";
import pg from "pg";
import { type Broker, startBroker } from "../environment/broker.js";
import { ADMIN_URL_VARIABLE } from "../environment/broker-config.js";
import { type Caller, callerWith, signInAt } from "../environment/caller.js";
import { freePort } from "../environment/free-port.js";
import { startIssuer } from "../environment/issuer.js";
import { seedOrders } from "../environment/orders.js";
import { startPostgres } from "../environment/postgres.js";
import { caseConfig } from "./case-config.js";
import { type Restarted, restartHere } from "./restart-here.js";

const FAULTY = fileURLToPath(new URL("../../dist/faults/bin/main.cjs", import.meta.url));
const PEOPLE = ["alice", "bob", "carol", "dave"] as const;

/** Who takes part in a story: alice asks, bob approves, carol may read the whole audit log, dave locks. */
export type People = Readonly<Record<(typeof PEOPLE)[number], Caller>>;

/** One broker with a ledger of its own, on the target that all cases share. */
export interface Case {
  readonly people: People;
  /** Where {@link Case.startFaulty} writes the points it passes. */
  readonly pointsFile: string;
  startFaulty(crashAt?: string): Promise<Broker>;
  /** A process of its own, or quicker in this one. */
  restart(where: "process" | "here"): Promise<Restarted>;
  /** Makes a role with this broker's mark on the target, by the broker's own account, that is not in its ledger. */
  makeStranger(): Promise<void>;
  /** This broker's roles on the target but for those that it keeps for itself; such as cannot log in any more included. */
  roles(): Promise<string[]>;
  /** Live sessions on the target, of any broker's roles, by the names that they gave themselves. */
  sessions(): Promise<string[]>;
  remove(): void;
}

export interface FaultWorld {
  newCase(): Promise<Case>;
  close(): Promise<void>;
}

/**
 * One PostgreSQL for any number of brokers. People sign in once; each case begins with a copy of that ledger, with a mark
 * of its own, so that the target tells the brokers' roles apart.
 */
export async function openFaultWorld({ everyRead = false } = {}): Promise<FaultWorld> {
  const folder = mkdtempSync(join(tmpdir(), "phi-faults-"));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const [postgres, issuer] = await Promise.all([
      startPostgres({ settings: { max_connections: "500" } }),
      startIssuer(),
    ]);
    undo.push(
      () => postgres.stop(),
      () => issuer.stop(),
    );
    const orders = await seedOrders(postgres);
    const admin = new pg.Pool({ connectionString: postgres.adminUrl, max: 2 });
    admin.on("error", () => undefined);
    undo.push(() => admin.end());
    const env = { [ADMIN_URL_VARIABLE]: orders.brokerUrl };

    const template = join(folder, "template");
    const tokens = await signEverybodyIn(template);

    async function signEverybodyIn(home: string): Promise<Record<string, string>> {
      const port = await freePort();
      mkdirSync(home, { mode: 0o700 });
      const configFile = join(home, "phi.yaml");
      writeFileSync(configFile, caseConfig(port, issuer.url));
      const broker = await startBroker({ configFile, logFile: join(home, "broker.log"), env });
      const signedIn = await Promise.all(
        PEOPLE.map(async (login) => [login, (await signInAt(broker.url, issuer.url, login)).token]),
      );
      await broker.stop();
      return Object.fromEntries(signedIn);
    }

    return {
      close,
      async newCase() {
        const tag = randomText(6);
        const home = join(folder, tag);
        cpSync(template, home, { recursive: true });
        const ledger = createClient({ url: `file:${join(home, "phi.db")}` });
        // Another broker's ledger: its log is begun anew, under a key of its own.
        await ledger.batch([
          { sql: "update ledgers set broker_tag = ?", args: [tag] },
          "delete from log_head",
          "delete from log_checkpoints",
          "delete from log_nodes",
        ]);
        for (const end of ["", ".head"]) rmSync(join(home, `phi.db.log-key${end}`), { force: true });
        ledger.close();
        const port = await freePort();
        const configFile = join(home, "phi.yaml");
        writeFileSync(configFile, caseConfig(port, issuer.url));
        const pointsFile = join(home, "points");
        const common = { configFile, logFile: join(home, "broker.log"), env };
        const url = `http://127.0.0.1:${port}`;
        const as = (login: string) => callerWith(url, tokens[login] ?? "");
        return {
          people: { alice: as("alice"), bob: as("bob"), carol: as("carol"), dave: as("dave") },
          pointsFile,
          startFaulty: (crashAt) =>
            startBroker({
              ...common,
              program: {
                file: FAULTY,
                args: [
                  ...["--points", pointsFile, ...(everyRead ? ["--every-read"] : [])],
                  ...(crashAt === undefined ? [] : ["--crash-at", crashAt]),
                ],
              },
            }),
          restart: (where) => (where === "here" ? restartHere(common) : startBroker(common)),
          async makeStranger() {
            const broker = new pg.Client({ connectionString: orders.brokerUrl });
            await broker.connect();
            await broker.query(`CREATE ROLE phi_${tag}_${randomText(16)} LOGIN`);
            await broker.end();
          },
          async roles() {
            const { rows } = await admin.query<{ rolname: string }>(
              "SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1) AND (rolcanlogin OR substr(rolname, length($1) + 1) !~ '^(anchor|keeper[0-9]+)$')",
              [`phi_${tag}_`],
            );
            return rows.map(({ rolname }) => rolname);
          },
          async sessions() {
            const { rows } = await admin.query<{ name: string }>(
              "SELECT application_name AS name FROM pg_stat_activity",
            );
            return rows.map(({ name }) => name);
          },
          remove: () => rmSync(home, { recursive: true, force: true }),
        };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
