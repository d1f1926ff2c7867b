import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import * as client from "openid-client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Issuer, type IssuerOptions, startIssuer } from "./issuer.js";

const SCOPE = "openid profile email groups";
const running: Issuer[] = [];

async function start(options: IssuerOptions = {}): Promise<Issuer> {
  const issuer = await startIssuer(options);
  running.push(issuer);
  return issuer;
}

function discover(issuer: Issuer): Promise<client.Configuration> {
  return client.discovery(new URL(issuer.url), "phi-cli", undefined, client.None(), {
    execute: [client.allowInsecureRequests],
  });
}

function answer(issuer: Issuer, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${issuer.url}/dev/approve`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** The body of an answer, as a bag of strings and lists. */
async function json(response: Response | Promise<Response>): Promise<Record<string, string>> {
  return (await (await response).json()) as Record<string, string>;
}

function poll(issuer: Issuer, deviceCode: string): Promise<Response> {
  const grant = "urn:ietf:params:oauth:grant-type:device_code";
  const body = new URLSearchParams({ grant_type: grant, device_code: deviceCode, client_id: "phi-cli" });
  return fetch(`${issuer.url}/token`, { method: "POST", body });
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((issuer) => issuer.stop()));
});

describe("the device flow", () => {
  test("a script approves, and openid-client gets an ID token with the person's claims", async () => {
    const issuer = await start();
    const configuration = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(configuration, { scope: SCOPE });
    expect(device).toMatchObject({ verification_uri: `${issuer.url}/device`, interval: 1, expires_in: 600 });
    expect(device.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);

    const tokens = client.pollDeviceAuthorizationGrant(configuration, device);
    const approved = await answer(issuer, { user_code: device.user_code.toLowerCase(), login: "bob" });
    expect([approved.status, await approved.json()]).toEqual([200, { approved: true, login: "bob" }]);

    const idToken = (await tokens).id_token ?? "";
    const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks`));
    const { payload } = await jwtVerify(idToken, keys, { issuer: issuer.url, audience: "phi-cli" });
    expect(payload).toMatchObject({
      sub: "bob",
      name: "Bob Brandt",
      preferred_username: "bob",
      email: "bob@example.com",
      email_verified: true,
      groups: ["engineering", "db-leads"],
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  });

  test("a refresh token is given to who asks for offline_access, and works once", async () => {
    const issuer = await start();
    const configuration = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(configuration, { scope: `${SCOPE} offline_access` });
    await answer(issuer, { user_code: device.user_code, login: "alice" });
    const tokens = await client.pollDeviceAuthorizationGrant(configuration, device);
    const renewed = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? "");
    expect(renewed.claims()?.sub).toBe("alice");
    await expect(client.refreshTokenGrant(configuration, tokens.refresh_token ?? "")).rejects.toThrow();
  });

  test("a denial ends the poll with access_denied", async () => {
    const issuer = await start();
    const configuration = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(configuration, { scope: SCOPE });
    expect(await (await answer(issuer, { user_code: device.user_code, deny: true })).json()).toEqual({ denied: true });
    await expect(client.pollDeviceAuthorizationGrant(configuration, device)).rejects.toMatchObject({
      error: "access_denied",
    });
  });

  test("an unanswered code expires when its time is over, and cannot be approved after that", async () => {
    const issuer = await start({ ttl: { deviceCode: 1 } });
    const configuration = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(configuration, { scope: SCOPE });
    expect(device.expires_in).toBe(1);
    await vi.waitUntil(async () => (await json(poll(issuer, device.device_code))).error === "expired_token", {
      timeout: 5_000,
      interval: 1_000,
    });
    const late = await answer(issuer, { user_code: device.user_code, login: "alice" });
    expect([late.status, (await json(late)).error]).toEqual([410, "expired_user_code"]);
  });

  test("polling faster than the interval is answered with slow_down, and the interval grows by five seconds", async () => {
    const issuer = await start({ interval: 1 });
    const device = await client.initiateDeviceAuthorization(await discover(issuer), { scope: SCOPE });
    const errors = [];
    for (let i = 0; i < 3; i++) errors.push((await json(poll(issuer, device.device_code))).error);
    expect(errors).toEqual(["authorization_pending", "slow_down", "slow_down"]);
  });

  test("a code is used once", async () => {
    const issuer = await start();
    const configuration = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(configuration, { scope: SCOPE });
    await answer(issuer, { user_code: device.user_code, login: "alice" });
    const again = await answer(issuer, { user_code: device.user_code, login: "bob" });
    expect([again.status, (await json(again)).error]).toEqual([409, "used_user_code"]);
    expect((await client.pollDeviceAuthorizationGrant(configuration, device)).claims()?.sub).toBe("alice");
    expect((await poll(issuer, device.device_code)).status).toBe(400);
  });
});

describe("bad answers of scripts", () => {
  let issuer: Issuer;
  let userCode: string;
  beforeAll(async () => {
    issuer = await startIssuer();
    userCode = (await client.initiateDeviceAuthorization(await discover(issuer), { scope: SCOPE })).user_code;
  });
  afterAll(() => issuer.stop());

  test.each([
    ["an unknown code", () => ({ user_code: "BBBB-BBBB", login: "alice" }), 404, "unknown_user_code"],
    ["a code that cannot be one", () => ({ user_code: "x", login: "alice" }), 404, "unknown_user_code"],
    ["an unknown login", () => ({ user_code: userCode, login: "mallory" }), 400, "unknown_login"],
    ["a login of another type", () => ({ user_code: userCode, login: { $ne: 1 } }), 400, "invalid_body"],
    ["no code", () => ({ login: "alice" }), 400, "invalid_body"],
    ["what is not JSON", () => "{", 400, "invalid_body"],
    ["null", () => "null", 400, "invalid_body"],
    ["a huge body", () => JSON.stringify({ user_code: "x".repeat(100_000) }), 400, "invalid_body"],
  ])("%s is refused with a reason, and the code stays open", async (_name, body, status, error) => {
    const response = await answer(issuer, body());
    const said = await json(response);
    expect([response.status, said.error]).toEqual([status, error]);
    expect(said.message).toMatch(/\w+.*\.$/);
  });

  test("a web page of another origin cannot answer", async () => {
    const order = { user_code: userCode, login: "alice" };
    expect((await answer(issuer, order, { origin: "https://evil.example" })).status).toBe(403);
    expect((await answer(issuer, order, { "content-type": "text/plain" })).status).toBe(415);
    expect(await statusUnderName(issuer, "evil.example")).toBe(403);
  });

  test("and after all of that the right answer still works", async () => {
    expect((await answer(issuer, { user_code: userCode, login: "alice" })).status).toBe(200);
  });
});

describe("the page for people", () => {
  test("shows the code to compare and the people to be; choosing one signs the terminal in", async () => {
    const issuer = await start();
    const configuration = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(configuration, { scope: SCOPE });
    const response = await fetch(device.verification_uri_complete ?? "");
    const html = await response.text();
    expect(html).toContain(`<div class="code">${device.user_code}</div>`);
    expect(html).toContain("Never for production");
    for (const { login } of issuer.people) expect(html).toContain(`value="${login}"`);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");

    const form = new URLSearchParams({ user_code: device.user_code, login: "carol" });
    const done = await fetch(`${issuer.url}/device`, { method: "POST", body: form });
    expect(await done.text()).toContain("<strong>Carol Chen</strong>");
    expect((await client.pollDeviceAuthorizationGrant(configuration, device)).claims()?.groups).toEqual([
      "security",
      "auditor",
    ]);
  });

  test("denies, and says so", async () => {
    const issuer = await start();
    const configuration = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(configuration, { scope: SCOPE });
    const form = new URLSearchParams({ user_code: device.user_code, deny: "yes" });
    const done = await fetch(`${issuer.url}/device`, { method: "POST", body: form });
    expect(await done.text()).toContain("<h1>Denied</h1>");
    await expect(client.pollDeviceAuthorizationGrant(configuration, device)).rejects.toMatchObject({
      error: "access_denied",
    });
  });

  test("nothing from outside becomes markup", async () => {
    const hostile = `"><script>alert('x')</script>`;
    const issuer = await start({
      people: [{ login: "eve", name: hostile, email: "e@example.com", groups: [hostile] }],
    });
    const authorization = await fetch(`${issuer.url}/device/auth`, {
      method: "POST",
      headers: { "user-agent": hostile },
      body: new URLSearchParams({ client_id: "phi-cli", scope: SCOPE }),
    });
    const device = await json(authorization);
    const pages = [
      await fetch(device.verification_uri_complete ?? ""),
      await fetch(`${device.verification_uri}?user_code=${encodeURIComponent(hostile)}`),
      await fetch(`${issuer.url}/device`, {
        method: "POST",
        body: new URLSearchParams({ user_code: hostile, login: hostile }),
      }),
      await fetch(`${issuer.url}/device`, {
        method: "POST",
        body: new URLSearchParams({ user_code: device.user_code ?? "", login: "eve" }),
      }),
    ];
    for (const html of await Promise.all(pages.map((page) => page.text()))) {
      expect(html).not.toContain("<script");
      expect(html).toContain("Never for production");
    }
  });

  test("an unknown code is said in words, with the form to try again", async () => {
    const issuer = await start();
    const response = await fetch(`${issuer.url}/device?user_code=BBBB-BBBB`);
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(/There is no such code.*<form/s);
  });
});

describe("keys", () => {
  const signIn = async (issuer: Issuer) => {
    const configuration = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(configuration, { scope: SCOPE });
    await answer(issuer, { user_code: device.user_code, login: "alice" });
    return (await client.pollDeviceAuthorizationGrant(configuration, device)).id_token ?? "";
  };
  const published = async (issuer: Issuer) => {
    const { keys } = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: { kid: string }[] };
    return keys.map((key) => key.kid);
  };

  test("after a rotation the new key signs and the old one stays published, unless it is forgotten", async () => {
    const issuer = await start();
    const before = decodeProtectedHeader(await signIn(issuer)).kid;
    await issuer.rotateKeys();
    const after = decodeProtectedHeader(await signIn(issuer)).kid;
    expect(after).not.toBe(before);
    expect(await published(issuer)).toEqual([after, before]);
    await issuer.rotateKeys({ forget: true });
    expect(await published(issuer)).toHaveLength(1);
    expect(await published(issuer)).not.toContain(after);
  });

  test("a code that was out when the keys were rotated is still good", async () => {
    const issuer = await start();
    const configuration = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(configuration, { scope: SCOPE });
    await issuer.rotateKeys();
    await answer(issuer, { user_code: device.user_code, login: "alice" });
    expect((await client.pollDeviceAuthorizationGrant(configuration, device)).claims()?.sub).toBe("alice");
  });

  test("keys in a file survive a restart and are for the owner's eyes only", async () => {
    const folder = mkdtempSync(join(tmpdir(), "phi-issuer-"));
    try {
      const keysFile = join(folder, "keys.json");
      const first = await start({ keysFile });
      const before = await published(first);
      await first.stop();
      expect(await published(await start({ keysFile }))).toEqual(before);
      expect(statSync(keysFile).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("a program that starts the built issuer says nothing but its own words, on Node 20 too", () => {
  const issuer = JSON.stringify(new URL("../../dist/environment/issuer.js", import.meta.url));
  const program = `
    const { startIssuer } = await import(${issuer});
    const { url, stop } = await startIssuer();
    await fetch(url + "/.well-known/openid-configuration");
    await stop();
    console.warn("still heard");`;
  const ran = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect([ran.stdout, ran.stderr, ran.status]).toEqual(["", "still heard\n", 0]);
});

/** The status of an honest answer sent to the issuer's address under another host name. */
function statusUnderName(issuer: Issuer, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host, "content-type": "application/json" };
    request(`${issuer.url}/dev/approve`, { method: "POST", headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end("{}");
  });
}
