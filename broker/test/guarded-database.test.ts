import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { createClient } from "@libsql/client";
import { startBroker } from "@phi/scripts/environment/broker";
import { ADMIN_URL_VARIABLE, brokerConfig } from "@phi/scripts/environment/broker-config";
import { freePort } from "@phi/scripts/environment/free-port";
import { startIssuer } from "@phi/scripts/environment/issuer";
import { startSqld } from "@phi/scripts/environment/sqld";
import { findSqld } from "@phi/scripts/environment/sqld-binary";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./arena.testing.js";

const binary = findSqld();
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if ("missing" in binary) process.stderr.write(`skipped: ${binary.missing}\n`);
if (!hasOpenssl) process.stderr.write("skipped: openssl, which makes the certificate, is not there\n");

/** A JWT (RFC 7519) as libSQL's server wants it: EdDSA, and what it may do. */
function token(key: ReturnType<typeof generateKeyPairSync>["privateKey"], claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${part({ alg: "EdDSA", typ: "JWT" })}.${part(claims)}`;
  return `${body}.${sign(null, Buffer.from(body), key).toString("base64url")}`;
}

describe.skipIf("missing" in binary || !hasOpenssl)("a libSQL server behind TLS that asks for a token", () => {
  const folder = mkdtempSync(join(tmpdir(), "phi-guarded-"));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const keys = generateKeyPairSync("ed25519");
  const good = token(keys.privateKey, { a: "rw", exp: Math.floor(Date.now() / 1000) + 3_600 });
  let address: string;
  let issuerUrl: string;
  let sqld: Awaited<ReturnType<typeof startSqld>>;

  beforeAll(async () => {
    if ("missing" in binary) return;
    const [issuer, server] = await Promise.all([
      startIssuer(),
      startSqld({
        binary: binary.path,
        replica: true,
        authKey: keys.publicKey.export({ type: "spki", format: "pem" }).toString(),
      }),
    ]);
    sqld = server;
    issuerUrl = issuer.url;
    undo.push(
      () => issuer.stop(),
      () => server.stop(),
    );
    execFileSync(
      "openssl",
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem`.split(
        " ",
      ),
      { cwd: folder, stdio: "pipe" },
    );
    const files = { key: readFileSync(join(folder, "key.pem")), cert: readFileSync(join(folder, "cert.pem")) };
    const front = createServer(files, (client) => {
      const upstream = connect(Number(new URL(server.url).port), "127.0.0.1");
      client.on("error", () => upstream.destroy()).pipe(upstream);
      upstream.on("error", () => client.destroy()).pipe(client);
    });
    front.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    const bound = front.address();
    address = `https://localhost:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
    undo.push(() => front.close());
  });
  afterAll(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  async function start(name: string, { jwt, trusts }: { jwt: string; trusts: boolean }) {
    const home = join(folder, name);
    mkdirSync(home, { mode: 0o700 });
    const configFile = join(home, "phi.yaml");
    const logFile = join(home, "broker.log");
    writeFileSync(
      configFile,
      brokerConfig({ port: await freePort(), issuerUrl }).replace(
        "database: file:./phi.db",
        `database: ${address}\ndatabaseToken: \${env:PHI_DATABASE_TOKEN}`,
      ),
      { mode: 0o600 },
    );
    const broker = await startBroker({
      configFile,
      logFile,
      env: {
        [ADMIN_URL_VARIABLE]: "postgresql://nobody:x@127.0.0.1:1/none",
        PHI_DATABASE_TOKEN: jwt,
        ...(trusts ? { NODE_EXTRA_CA_CERTS: join(folder, "cert.pem") } : {}),
      },
    });
    undo.push(() => broker.kill());
    return { broker, log: () => readFileSync(logFile, "utf8") };
  }

  it("is a broker's ledger, and its read replica has the same log, in the same order", async () => {
    const { broker, log } = await start("right", { jwt: good, trusts: true });
    await eventually("it is ready", 5_000, async () => (await fetch(`${broker.url}/readyz`)).status === 200);
    const read = async (url: string) => {
      const client = createClient({ url, authToken: good });
      try {
        return (await client.execute("select seq, id, kind from audit_events order by seq")).rows.map((row) => ({
          ...row,
        }));
      } finally {
        client.close();
      }
    };
    await broker.stop();
    const primary = await read(sqld.url);
    expect(primary.map(({ kind }) => kind)).toEqual(["broker.started", "broker.stopped"]);
    await eventually("the replica has it too", 10_000, async () => {
      const replica = await read(sqld.replicaUrl ?? "").catch(() => []);
      return JSON.stringify(replica) === JSON.stringify(primary);
    });
    expect(log()).not.toContain(good);
  }, 40_000);

  it("lets no broker in whose token was signed by another key, and the broker says which setting to check", async () => {
    const forged = token(generateKeyPairSync("ed25519").privateKey, { a: "rw" });
    await expect(start("forged", { jwt: forged, trusts: true })).rejects.toThrow(/refuses the broker's token/);
  }, 40_000);

  it("gets no token of a broker that does not trust its certificate", async () => {
    await expect(start("untrusted", { jwt: good, trusts: false })).rejects.toThrow(/cannot be opened/);
  }, 40_000);
});
