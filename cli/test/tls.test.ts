import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDeviceFlow } from "../src/auth/device-flow.js";
import { answerCode, createPerson, type Person, userCodeOf } from "./person.testing.js";

/**
 * phi over https, as in production: a gateway that ends TLS stands in front of the real broker. What a gateway saw is
 * what arrived decrypted, so an empty list means that no byte, and no token, left before its certificate was believed.
 */

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) process.stderr.write("tls.test.ts is skipped: openssl, which makes the certificates, is not there\n");

interface Gateway {
  readonly url: string;
  readonly port: number;
  /** What clients sent, decrypted. */
  readonly heard: () => string;
  /** The name each client asked for (RFC 6066 §3); `false` where it named none. */
  readonly names: (string | false)[];
  /** Handshakes that a client began, whether or not it liked what it saw. */
  readonly knocks: () => number;
}

let dir: string;
let place: Environment;
let alice: Person;
let bob: Person;
const undo: (() => void)[] = [];

const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: dir, stdio: "pipe" });

/** A certificate authority `ca`, `ca.pem`; `openssl ca` because only it can make what has expired already. */
function makeAuthority(ca: string): void {
  writeFileSync(join(dir, `${ca}.txt`), "");
  writeFileSync(
    join(dir, `${ca}.cnf`),
    `[ca]\ndefault_ca=it\n[it]\ndatabase=${ca}.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=any\ncertificate=${ca}.pem\nprivate_key=${ca}.key\nunique_subject=no\n[any]\ncommonName=supplied\n`,
  );
  const subject = ["-subj", `/CN=phi test ${ca}`, "-addext", "basicConstraints=critical,CA:TRUE"];
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", ...subject, "-keyout", `${ca}.key`, "-out", `${ca}.pem`); // biome-ignore format: one command
}

/** A certificate for `names` (as subjectAltName) from `ca`, valid from yesterday until `until` (YYMMDDHHMMSSZ). */
function makeCertificate(file: string, ca: string, names: string, until: string): { key: Buffer; cert: Buffer } {
  const request = ["-subj", `/CN=${file}`, "-keyout", `${file}.key`, "-out", `${file}.csr`];
  openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", ...request);
  writeFileSync(join(dir, `${file}.ext`), `subjectAltName=${names}\n`);
  const dates = ["-startdate", "200101000000Z", "-enddate", until];
  openssl("ca", "-batch", "-notext", "-config", `${ca}.cnf`, ...dates, "-extfile", `${file}.ext`, "-in", `${file}.csr`, "-out", `${file}.pem`); // biome-ignore format: one command
  return { key: readFileSync(join(dir, `${file}.key`)), cert: readFileSync(join(dir, `${file}.pem`)) };
}

const LONG = "491231000000Z";
const OVER = "200102000000Z";
const HERE = "DNS:localhost,DNS:broker.phi.test,IP:127.0.0.1";

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Ends TLS and passes on to the broker. */
async function startGateway(identity: tls.TlsOptions, host = "localhost"): Promise<Gateway> {
  let heard = "";
  let knocks = 0;
  const names: (string | false)[] = [];
  const server = tls.createServer({ ALPNProtocols: ["h2", "http/1.1"], ...identity }, (socket) => {
    names.push((socket as tls.TLSSocket & { servername?: string | false }).servername ?? false);
    const onward = net.connect(Number(new URL(place.broker.url).port), "127.0.0.1");
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] satisfies [net.Socket, net.Socket][]) {
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
    socket.on("data", (bytes) => {
      heard += bytes.toString("latin1");
    });
    socket.pipe(onward).pipe(socket);
    undo.push(() => socket.destroy());
  });
  server.on("connection", () => knocks++);
  const port = await listen(server);
  return { url: `https://${host}:${port}`, port, heard: () => heard, names, knocks: () => knocks };
}

/** A proxy that tunnels every host to one port of this machine. */
async function startProxy(target: () => number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, socket, head) => {
    asked.push(request.url ?? "");
    const onward = net.connect(target(), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) end.on("error", () => end.destroy());
    undo.push(() => socket.destroy());
  });
  return { url: `http://127.0.0.1:${await listen(proxy)}`, asked };
}

const trusting = () => ({ NODE_EXTRA_CA_CERTS: join(dir, "ca.pem") });

/** A copy of alice's sign-in for another address of the same broker, under a profile of that name. */
function signedInAt(url: string, profile: string): string[] {
  const profiles = join(alice.home, "state", "phi", "profiles");
  const known = JSON.parse(readFileSync(join(profiles, "default.json"), "utf8"));
  writeFileSync(join(profiles, `${profile}.json`), JSON.stringify({ ...known, broker: new URL(url).origin }), {
    mode: 0o600,
  });
  return ["--profile", profile];
}

async function access(): Promise<string> {
  const asked = await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "30m", "-m", "INC-42"]);
  const id = asked.stdout.trim();
  expect((await bob.phi(["approve", id, "--yes"])).code).toBe(0);
  return id;
}

describe.skipIf(!hasOpenssl)("phi over https", () => {
  let good: Gateway;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "phi-tls-"));
    makeAuthority("ca");
    makeAuthority("unknown");
    place = await startEnvironment();
    [alice, bob] = ["alice", "bob"].map(createPerson) as [Person, Person];
    await alice.signIn(place);
    await bob.signIn(place);
    good = await startGateway(makeCertificate("good", "ca", HERE, LONG));
  });
  afterAll(async () => {
    for (const step of undo.splice(0).reverse()) step();
    await alice?.leave();
    await bob?.leave();
    await place?.stop();
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  });

  test("signs in, asks and runs a command when NODE_EXTRA_CA_CERTS names the authority; the server is asked for by name", async () => {
    const flags = signedInAt(good.url, "good");
    const who = await alice.phi(["whoami", ...flags], trusting());
    expect(who).toMatchObject({ code: 0, stderr: "" });
    expect(who.stdout).toContain(good.url);

    await access();
    const before = good.knocks();
    const ran = await alice.phi(["exec", ...flags, "--", "sh", "-c", 'printf %s "$PGUSER"'], trusting());
    expect(ran).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^phi_/) });
    // Making the lease and ending it: one handshake for both.
    expect(good.knocks() - before).toBe(1);
    expect(good.heard()).toMatch(/POST \/v1\/leases\/\S+\/end HTTP/);
    expect(good.heard()).toContain(`host: localhost:${good.port}`);
    expect(new Set(good.names)).toEqual(new Set(["localhost"]));
  });

  test("an address by number is checked against the certificate's addresses, and sends no name", async () => {
    const byNumber = await startGateway(makeCertificate("number", "ca", HERE, LONG), "127.0.0.1");
    expect(await alice.phi(["whoami", ...signedInAt(byNumber.url, "number")], trusting())).toMatchObject({ code: 0 });
    expect(byNumber.names).toEqual([false]);

    const other = await startGateway(makeCertificate("other-number", "ca", "IP:10.0.0.1", LONG), "127.0.0.1");
    const ran = await alice.phi(["whoami", ...signedInAt(other.url, "other-number")], trusting());
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(other.heard()).toBe("");
  });

  test("a sign-in through the gateway works and names its address", async () => {
    const carol = createPerson("carol");
    try {
      const untrusted = await carol.phi(["login", "--broker", good.url]);
      expect(untrusted).toMatchObject({ code: 1, stdout: "" });
      expect(untrusted.stderr).toContain("NODE_EXTRA_CA_CERTS");

      const one = carol.start(["login", "--broker", good.url, "--json"], trusting());
      await one.until(/"userCode"/);
      await answerCode(place.issuer.url, userCodeOf(one.stdout()), { login: "carol" });
      expect(await one.ended).toMatchObject({ code: 0, stdout: expect.stringContaining(good.url) });
    } finally {
      await carol.leave();
    }
  });

  describe.each([
    {
      name: "stranger",
      ca: "unknown",
      names: HERE,
      until: LONG,
      trust: true,
      says: /not.*trust/,
      next: "NODE_EXTRA_CA_CERTS",
    },
    {
      name: "untold",
      ca: "ca",
      names: HERE,
      until: LONG,
      trust: false,
      says: /not.*trust/,
      next: "NODE_EXTRA_CA_CERTS",
    },
    {
      name: "misnamed",
      ca: "ca",
      names: "DNS:elsewhere.test",
      until: LONG,
      trust: true,
      says: /another name.*elsewhere\.test/,
      next: "address",
    },
    { name: "expired", ca: "ca", names: HERE, until: OVER, trust: true, says: /expired/, next: "clock" },
  ])("a certificate that is $name", ({ name, ca, names, until, trust, says, next }) => {
    // biome-ignore format: a table
    let gateway: Gateway;
    let flags: string[];
    const env = () => (trust ? trusting() : {});

    beforeAll(async () => {
      gateway = await startGateway(makeCertificate(name, ca, names, until));
      flags = signedInAt(gateway.url, name);
    });

    test("ends whoami and exec before a byte is sent, and says why and what to do", async () => {
      for (const [args, code] of [
        [["whoami", ...flags], 1],
        [["exec", ...flags, "--", "true"], 125],
      ] as const) {
        const ran = await alice.phi(args, env());
        expect(ran).toMatchObject({ code, stdout: "" });
        expect(ran.stderr).toContain(gateway.url);
        expect(ran.stderr).toMatch(says);
        expect(ran.stderr.split("\n")[1]).toContain(next);
      }
      const told = await alice.phi(["whoami", "--json", ...flags], env());
      expect(JSON.parse(told.stderr)).toMatchObject({ error: { code: "broker_unreachable" } });
      expect(gateway.knocks()).toBeGreaterThanOrEqual(3);
      expect(gateway.heard()).toBe("");
    });

    test("is refused also with NODE_TLS_REJECT_UNAUTHORIZED=0", async () => {
      const ran = await alice.phi(["exec", ...flags, "--", "true"], { ...env(), NODE_TLS_REJECT_UNAUTHORIZED: "0" });
      expect(ran).toMatchObject({ code: 125, stdout: "" });
      expect(gateway.heard()).toBe("");
    });

    test("is refused through a proxy as well", async () => {
      const proxy = await startProxy(() => gateway.port);
      const through = signedInAt("https://broker.phi.test", `${name}-far`);
      const ways = { HTTPS_PROXY: proxy.url, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
      const ran = await alice.phi(["whoami", ...through], { ...env(), ...ways });
      expect(ran).toMatchObject({ code: 1, stdout: "" });
      expect(ran.stderr).toMatch(says);
      expect(proxy.asked).toEqual(["broker.phi.test:443"]);
      expect(gateway.heard()).toBe("");
    });
  });

  test("through a proxy the broker, not the proxy, is asked for by name, and sees the token alone", async () => {
    const proxy = await startProxy(() => good.port);
    const flags = signedInAt("https://broker.phi.test", "far");
    good.names.length = 0;
    const env = { ...trusting(), HTTPS_PROXY: proxy.url };
    expect(await alice.phi(["whoami", ...flags], env)).toMatchObject({ code: 0, stderr: "" });
    expect(await alice.phi(["exec", ...flags, "--", "true"], env)).toMatchObject({ code: 0, stderr: "" });
    expect(new Set(good.names)).toEqual(new Set(["broker.phi.test"]));
  });

  test("an issuer that cannot prove who it is gets no code started, and says why and what to do", async () => {
    const issuer = await startGateway(makeCertificate("issuer", "unknown", HERE, LONG));
    const starting = startDeviceFlow({ url: issuer.url, clientId: "phi-cli", scopes: "openid" }, () => Date.now());
    await expect(starting).rejects.toMatchObject({
      code: "issuer_unreachable",
      message: expect.stringMatching(/cannot be trusted.*not trusted here/),
      hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
    });
    expect(issuer.heard()).toBe("");
  });

  test("what does not speak TLS gets no token and a clear word", async () => {
    let heard = "";
    const plain = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        heard += bytes.toString("latin1");
        socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
      });
    });
    const url = `https://localhost:${await listen(plain)}`;
    const ran = await alice.phi(["whoami", ...signedInAt(url, "plain")], trusting());
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("does not speak TLS");
    expect(heard).not.toContain("phi_");
  });

  test.each(["http://broker.phi.test", "http://10.0.0.1:7420", "http://localhost.phi.test", "http://db.localhost"])(
    "%s is refused, also as the broker of a sign-in that is there",
    async (url) => {
      const ran = await alice.phi(["whoami", ...signedInAt(url, "plain-http")]);
      expect(ran).toMatchObject({ code: 2, stdout: "" });
      expect(ran.stderr).toContain(url.replace("http:", "https:"));
    },
  );
});
