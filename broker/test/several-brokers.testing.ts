import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@phi/scripts/environment/broker";
import { ADMIN_URL_VARIABLE, brokerConfig } from "@phi/scripts/environment/broker-config";
import { freePort } from "@phi/scripts/environment/free-port";
import { startIssuer } from "@phi/scripts/environment/issuer";
import { seedOrders } from "@phi/scripts/environment/orders";
import { defaultPeople, type Person } from "@phi/scripts/environment/people";
import { startPostgres } from "@phi/scripts/environment/postgres";
import { startSqld } from "@phi/scripts/environment/sqld";
import { findSqld } from "@phi/scripts/environment/sqld-binary";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { Problem } from "@phi/shared/contract/problem";
import type { SignInReply } from "@phi/shared/contract/sign-in";
import pg from "pg";
import { auditOf, deviceFlow, type Voice } from "./arena.testing.js";
import { startTcpProxy } from "./tcp-proxy.testing.js";

const binary = findSqld();
/** Why the tests with a real libSQL server are skipped here, if they are. */
export const noServer = "missing" in binary ? binary.missing : undefined;
if (noServer !== undefined) process.stderr.write(`skipped: ${noServer}\n`);

/** Real brokers as processes on one real libSQL server, with the real issuer and PostgreSQL; each broker has its own way to the target. */
export async function openSeveralBrokers(
  count: number,
  extraPeople: readonly Person[] = [],
  changed: (config: string) => string = (config) => config,
) {
  if ("missing" in binary) throw new Error(binary.missing);
  const folder = mkdtempSync(join(tmpdir(), "phi-brokers-"));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const [postgres, issuer, sqld] = await Promise.all([
      startPostgres(),
      startIssuer({ people: [...defaultPeople, ...extraPeople] }),
      startSqld({ binary: binary.path }),
    ]);
    undo.push(
      () => postgres.stop(),
      () => issuer.stop(),
      () => sqld.stop(),
    );
    const orders = await seedOrders(postgres);

    async function makeBroker(index: number) {
      const port = await freePort();
      const proxy = await startTcpProxy({ host: "127.0.0.1", port: postgres.port });
      undo.push(() => proxy.close());
      const adminUrl = new URL(orders.brokerUrl);
      adminUrl.port = String(proxy.port);
      const home = join(folder, String(index));
      mkdirSync(home, { mode: 0o700 });
      const configFile = join(home, "phi.yaml");
      const config = brokerConfig({ port, issuerUrl: issuer.url })
        .replace("database: file:./phi.db", `database: ${sqld.url}\naudit: { keyFile: ../phi.log-key }`)
        .replace("    roles:\n", `    connect: { host: 127.0.0.1, port: ${postgres.port} }\n    roles:\n`);
      writeFileSync(configFile, changed(config), { mode: 0o600 });
      const env = { [ADMIN_URL_VARIABLE]: adminUrl.href };
      const logFile = join(home, "broker.log");
      const run = () => startBroker({ configFile, logFile, env });
      let process = await run();
      undo.push(() => process.stop());
      return {
        url: `http://127.0.0.1:${port}`,
        configFile,
        env,
        /** Its own way to the target. */
        proxy,
        /** Its log so far. */
        said: () => readFileSync(logFile, "utf8"),
        stop: () => process.stop(),
        kill: () => process.kill(),
        async start() {
          process = await run();
        },
      };
    }
    // At once: whoever comes first makes the tables.
    const brokers = await Promise.all(Array.from({ length: count }, (_, index) => makeBroker(index)));

    const adminUrl = new URL(postgres.adminUrl);
    adminUrl.pathname = `/${orders.database}`;
    const admin = new pg.Pool({ connectionString: adminUrl.href, max: 2 });
    admin.on("error", () => undefined);
    undo.push(() => admin.end());

    /** The person, calling that broker; signed in at any of them. */
    function voice(token: string, broker: number | string): Voice {
      const base = urlOf(broker);
      return {
        token,
        async call<Body = Problem>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
          const answer = await fetch(`${base}${path}`, {
            method,
            headers: {
              authorization: `Bearer ${token}`,
              ...(body === undefined ? {} : { "content-type": "application/json" }),
              ...headers,
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          });
          const text = await answer.text();
          return { status: answer.status, body: (text === "" ? undefined : JSON.parse(text)) as Body };
        },
      };
    }
    /** Of one of these brokers, or of another at its own address. */
    function urlOf(which: number | string): string {
      const url = typeof which === "string" ? which : brokers[which]?.url;
      if (url === undefined) throw new Error(`there is no broker ${which}`);
      return url;
    }

    return {
      brokers,
      sqld,
      voice,
      broker(index: number) {
        const broker = brokers[index];
        if (broker === undefined) throw new Error(`there is no broker ${index}`);
        return broker;
      },
      /** Signs in at the broker; the token is good at all of them. */
      async signIn(login: string, at: number | string = 0): Promise<string> {
        const answer = await fetch(`${urlOf(at)}/v1/sign-ins`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ idToken: await deviceFlow(issuer.url, login), host: "test" }),
        });
        if (answer.status !== 201) throw new Error(`sign-in of ${login}: ${answer.status}`);
        return ((await answer.json()) as SignInReply).token;
      },
      /** The leases' roles on the target. */
      async roles(): Promise<string[]> {
        const answer = await admin.query<{ rolname: string }>(
          "select rolname from pg_roles where rolname ~ '^phi_[0-9a-z]{6}_[0-9a-z]{16}$'",
        );
        return answer.rows.map((row) => row.rolname);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export type SeveralBrokers = Awaited<ReturnType<typeof openSeveralBrokers>>;

/** The whole audit log, in order. */
export async function wholeAudit(auditor: Voice): Promise<AuditEvent[]> {
  const all: AuditEvent[] = [];
  for (;;) {
    const page = await auditOf(auditor, `&after=${all.at(-1)?.seq ?? 0}`);
    all.push(...page);
    if (page.length < 1_000) return all;
  }
}
