import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@phi/scripts/environment/broker";
import { ADMIN_URL_VARIABLE, brokerConfig } from "@phi/scripts/environment/broker-config";
import { freePort } from "@phi/scripts/environment/free-port";
import { startIssuer } from "@phi/scripts/environment/issuer";
import { seedOrders } from "@phi/scripts/environment/orders";
import { defaultPeople, type Person } from "@phi/scripts/environment/people";
import { startPostgres } from "@phi/scripts/environment/postgres";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { LeaseReply } from "@phi/shared/contract/lease";
import type { Problem } from "@phi/shared/contract/problem";
import type { RequestView } from "@phi/shared/contract/request";
import type { SignInReply } from "@phi/shared/contract/sign-in";
import pg from "pg";
import { startTcpProxy } from "./tcp-proxy.testing.js";

export interface Reply<Body> {
  readonly status: number;
  readonly body: Body;
}

/** One signed-in person, calling the broker. */
export interface Voice {
  readonly token: string;
  call<Body = Problem>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply<Body>>;
}

/**
 * The real broker as a process, the real issuer, and the real PostgreSQL behind a proxy that can fail.
 * `extraPeople` sign in besides alice, bob, carol and dave; `config` rewrites the configuration.
 */
export async function openArena(
  options: {
    extraPeople?: readonly Person[];
    config?: (text: string) => string;
    /** Puts files beside the configuration before the broker starts. */
    before?: (folder: string) => void;
  } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "phi-arena-"));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const [postgres, issuer, port] = await Promise.all([
      startPostgres(),
      startIssuer({ people: [...defaultPeople, ...(options.extraPeople ?? [])] }),
      freePort(),
    ]);
    undo.push(
      () => postgres.stop(),
      () => issuer.stop(),
    );
    const orders = await seedOrders(postgres);
    const proxy = await startTcpProxy({ host: "127.0.0.1", port: postgres.port });
    undo.push(() => proxy.close());
    const throughProxy = new URL(orders.brokerUrl);
    throughProxy.port = String(proxy.port);

    const configFile = join(folder, "phi.yaml");
    const logFile = join(folder, "broker.log");
    // Clients connect to the server itself: only the broker's own way to it fails.
    const text = brokerConfig({ port, issuerUrl: issuer.url }).replace(
      "    roles:\n",
      `    connect: { host: 127.0.0.1, port: ${postgres.port} }\n    roles:\n`,
    );
    writeFileSync(configFile, options.config?.(text) ?? text, { mode: 0o600 });
    options.before?.(folder);
    const run = () => startBroker({ configFile, logFile, env: { [ADMIN_URL_VARIABLE]: throughProxy.href } });
    let broker = await run();
    undo.push(() => broker.stop());

    const adminUrl = new URL(postgres.adminUrl);
    adminUrl.pathname = `/${orders.database}`;
    const admin = new pg.Pool({ connectionString: adminUrl.href, max: 2 });
    admin.on("error", () => undefined);
    undo.push(() => admin.end());

    async function call<Body = Problem>(
      token: string | undefined,
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: (text === "" ? undefined : JSON.parse(text)) as Body };
    }

    return {
      folder,
      configFile,
      logFile,
      databaseFile: join(folder, "phi.db"),
      postgres,
      issuer,
      proxy,
      admin,
      adminSecret: decodeURIComponent(throughProxy.password),
      call,
      broker: () => broker,
      /** A new broker on the same files; the former one must be dead. */
      async restart() {
        broker = await run();
      },
      async signIn(login: string): Promise<Voice> {
        const idToken = await deviceFlow(issuer.url, login);
        const reply = await call<SignInReply>(undefined, "POST", "/v1/sign-ins", { idToken, host: "test" });
        if (reply.status !== 201) throw new Error(`sign-in of ${login}: ${reply.status}`);
        const { token } = reply.body;
        return { token, call: (method, path, body, headers) => call(token, method, path, body, headers) };
      },
      /** The leases' roles on the target. */
      async roles(): Promise<string[]> {
        const answer = await admin.query<{ rolname: string }>(
          "select rolname from pg_roles where rolname ~ '^phi_[a-z0-9]+_[a-z0-9]{16}$'",
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

export type Arena = Awaited<ReturnType<typeof openArena>>;

/** RFC 8628, with the development issuer's way of approving without a browser. */
export async function deviceFlow(issuerUrl: string, login: string): Promise<string> {
  const form = (fields: Record<string, string>) => ({
    method: "POST",
    body: new URLSearchParams({ client_id: "phi-cli", ...fields }),
  });
  const started = (await (
    await fetch(`${issuerUrl}/device/auth`, form({ scope: "openid profile email groups" }))
  ).json()) as { device_code: string; user_code: string };
  const approved = await fetch(`${issuerUrl}/dev/approve`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user_code: started.user_code, login }),
  });
  if (!approved.ok) throw new Error(`approving the sign-in of ${login}: ${approved.status}`);
  const token = await fetch(
    `${issuerUrl}/token`,
    form({ grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: started.device_code }),
  );
  return ((await token.json()) as { id_token: string }).id_token;
}

/** A request of the person that is approved and ready to use. */
export async function approvedRequest(
  requester: Voice,
  approver: Voice,
  over: Record<string, unknown> = {},
): Promise<RequestView> {
  const asked = await requester.call<RequestView>("POST", "/v1/requests", {
    resource: "db-prod",
    role: "readonly",
    duration: 600,
    reason: "INC-42",
    ...over,
  });
  if (asked.status !== 201) throw new Error(`asking: ${JSON.stringify(asked.body)}`);
  const answered = await approver.call<RequestView>("POST", `/v1/requests/${asked.body.request}/approvals`, {
    verdict: "approve",
    hash: asked.body.hash,
  });
  if (answered.status !== 200) throw new Error(`approving: ${JSON.stringify(answered.body)}`);
  return answered.body;
}

/** A lease under the request, with its secret. */
export async function issue(
  requester: Voice,
  request: RequestView,
  use: "command" | "window" = "command",
): Promise<LeaseReply> {
  const reply = await requester.call<LeaseReply>("POST", "/v1/leases", {
    request: request.request,
    use,
    command: ["psql"],
    host: "test",
  });
  if (reply.status !== 201) throw new Error(`issuing: ${JSON.stringify(reply.body)}`);
  return reply.body;
}

/** An open session with the lease's credential (or at an address that holds one), and the instant at which the server ended it. */
export async function openSession(
  lease: Pick<LeaseReply, "environment"> | string,
): Promise<{ client: pg.Client; ended: Promise<number> }> {
  const connectionString = typeof lease === "string" ? lease : lease.environment.DATABASE_URL;
  const client = new pg.Client({ connectionString });
  let settle: (at: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => {
    settle = resolve;
  });
  client.on("error", () => settle(Date.now()));
  client.on("end", () => settle(Date.now()));
  await client.connect();
  return { client, ended };
}

export async function auditOf(person: Voice, query = ""): Promise<AuditEvent[]> {
  const page = await person.call<{ events: AuditEvent[] }>("GET", `/v1/audit?limit=1000${query}`);
  if (page.status !== 200) throw new Error(`audit: ${JSON.stringify(page.body)}`);
  return page.body.events;
}

/** Waits for a condition, a bounded time. */
export async function eventually<Value>(
  what: string,
  within: number,
  probe: () => Promise<Value | undefined | false>,
): Promise<Value> {
  const end = Date.now() + within;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
