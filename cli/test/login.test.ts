import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@phi/scripts/environment/broker";
import { ADMIN_URL_VARIABLE, brokerConfig } from "@phi/scripts/environment/broker-config";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { freePort } from "@phi/scripts/environment/free-port";
import { startIssuer } from "@phi/scripts/environment/issuer";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answerCode, createPerson, type Person, userCodeOf } from "./person.testing.js";

let place: Environment;
let alice: Person;

beforeAll(async () => {
  place = await startEnvironment();
});
afterAll(() => place?.stop());
beforeEach(() => {
  alice = createPerson("alice");
});
afterEach(() => alice.leave());

const login = (...more: string[]) => alice.start(["login", "--broker", place.broker.url, "--json", ...more]);
const profiles = () => join(alice.home, "state", "phi", "profiles");

describe("phi login", () => {
  test("shows address and code before it waits, and then says who, where and until when", async () => {
    const one = alice.start(["login", "--broker", place.broker.url]);
    await one.until(/waiting for you to sign in/);
    const talk = one.stderr();
    expect(one.stdout()).toBe("");
    const code = /Code {3}(\S+)/.exec(talk)?.[1] ?? "";
    expect(talk.indexOf("/device")).toBeLessThan(talk.indexOf("waiting"));
    expect(talk).toContain("Only continue if you started this yourself");
    await answerCode(place.issuer.url, code, { login: "alice" });
    const ran = await one.ended;
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(`Signed in to ${place.broker.url} as alice (engineering)`);
    expect(ran.stderr).toMatch(/no keyring here/);
  });

  test("--json prints the code, then who signed in; the token is in neither, and its file is private", async () => {
    const ran = await alice.signIn(place);
    expect(ran.code).toBe(0);
    const [first, second, end] = ran.stdout.split("\n");
    expect(Object.keys(JSON.parse(first ?? ""))).toEqual([
      "verificationUri",
      "verificationUriComplete",
      "userCode",
      "expiresAt",
    ]);
    expect(JSON.parse(second ?? "")).toMatchObject({
      principal: { name: "alice" },
      broker: place.broker.url,
      profile: "default",
      store: "file",
    });
    expect(end).toBe("");
    expect(ran.stdout + ran.stderr).not.toMatch(/phi_[A-Za-z0-9_-]{20}/);
    const file = join(profiles(), "default.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("remembers the broker, and ends the sign-in that the new one replaces", async () => {
    await alice.signIn(place);
    const { token } = JSON.parse(readFileSync(join(profiles(), "default.json"), "utf8"));
    const again = alice.start(["login", "--json"]);
    await again.until(/"userCode"/);
    await answerCode(place.issuer.url, userCodeOf(again.stdout()), { login: "alice" });
    expect((await again.ended).code).toBe(0);
    const asked = await fetch(`${place.broker.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(asked.status).toBe(401);
    expect((await alice.phi(["whoami"])).code).toBe(0);
  });

  test("a denial ends with 3 and keeps nothing", async () => {
    const one = login();
    await one.until(/"userCode"/);
    await answerCode(place.issuer.url, userCodeOf(one.stdout()), { deny: true });
    const ran = await one.ended;
    expect(ran.code).toBe(3);
    expect(JSON.parse(ran.stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({
      error: { code: "sign_in_refused", exit: 3 },
    });
    expect(readdirSync(join(alice.home, "state"))).toEqual([]);
  });

  test("a code that nobody used ends with 6 and says what to type", async () => {
    const dir = mkdtempSync(join(tmpdir(), "phi-login-"));
    const issuer = await startIssuer({ ttl: { deviceCode: 2 } });
    const configFile = join(dir, "phi.yaml");
    writeFileSync(configFile, brokerConfig({ port: await freePort(), issuerUrl: issuer.url }), { mode: 0o600 });
    const env = { [ADMIN_URL_VARIABLE]: place.orders.brokerUrl };
    const broker = await startBroker({ configFile, logFile: join(dir, "broker.log"), env });
    try {
      const ran = await alice.phi(["login", "--broker", broker.url]);
      expect(ran.code).toBe(6);
      expect(ran.stderr).toContain(`phi login --broker ${broker.url}`);
      expect(readdirSync(join(alice.home, "state"))).toEqual([]);
    } finally {
      await broker.stop();
      await issuer.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("Ctrl-C ends it as SIGINT does, and keeps nothing", async () => {
    const one = login();
    await one.until(/waiting for you to sign in/);
    one.child.kill("SIGINT");
    const ran = await one.ended;
    expect(ran.signal ?? ran.code).toBe("SIGINT");
    expect(readdirSync(join(alice.home, "state"))).toEqual([]);
  });

  test.each([
    [["login"], 2, "phi login --broker https://"],
    [["login", "--broker", "http://phi.example.com"], 2, "https://phi.example.com"],
    [["login", "--broker", "phi.example.com"], 2, "https://"],
    [["login", "--broker", "http://127.0.0.1:1"], 1, "127.0.0.1:1"],
    [["login", "--broker", "http://127.0.0.1:1", "--profile", "../x"], 2, "--profile"],
  ])("phi %j is refused with %i and a way on", async (args, code, words) => {
    const ran = await alice.phi(args);
    expect(ran.code).toBe(code);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toContain(words);
  });
});

describe("who is signed in", () => {
  test("without a sign-in every command ends with 4 and the command to type", async () => {
    for (const args of [
      ["whoami"],
      ["status"],
      ["resources"],
      ["requests"],
      ["audit"],
      ["request", "db-prod", "--for", "5m"],
    ]) {
      const ran = await alice.phi(args);
      expect([args, ran.code, ran.stdout]).toEqual([args, 4, ""]);
      expect(ran.stderr).toContain("phi login");
    }
  });

  test("a profile is a sign-in of its own, and the next command names it", async () => {
    const one = login("--profile", "staging");
    await one.until(/"userCode"/);
    await answerCode(place.issuer.url, userCodeOf(one.stdout()), { login: "alice" });
    const ran = await one.ended;
    expect(ran.stderr).toContain("phi resources --profile staging");
    expect((await alice.phi(["whoami"])).code).toBe(4);
    expect((await alice.phi(["whoami", "--profile", "staging"])).code).toBe(0);
    expect((await alice.phi(["whoami"], { PHI_PROFILE: "staging" })).code).toBe(0);
  });

  test("logout ends the sign-in on the broker and forgets it here; twice is no failure", async () => {
    await alice.signIn(place);
    const { token } = JSON.parse(readFileSync(join(profiles(), "default.json"), "utf8"));
    expect(await alice.json(["logout"])).toEqual({ profile: "default", signedOut: true, endedOnBroker: true });
    const asked = await fetch(`${place.broker.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(asked.status).toBe(401);
    expect(readdirSync(profiles())).toEqual([]);
    expect((await alice.phi(["logout"])).code).toBe(0);
  });

  test("a sign-in that the broker ended is said with 4 and the command to type", async () => {
    await alice.signIn(place);
    const { token } = JSON.parse(readFileSync(join(profiles(), "default.json"), "utf8"));
    await fetch(`${place.broker.url}/v1/sign-ins/current`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}` },
    });
    const ran = await alice.phi(["requests"]);
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain("phi login");
  });

  test("a damaged profile is said, loses nothing else, and can be replaced", async () => {
    await alice.signIn(place);
    writeFileSync(join(profiles(), "default.json"), "{", { mode: 0o600 });
    const ran = await alice.phi(["whoami"]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("phi login");
    expect((await alice.signIn(place)).code).toBe(0);
    expect((await alice.phi(["whoami"])).code).toBe(0);
  });
});
