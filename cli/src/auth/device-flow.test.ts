import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { startIssuer } from "@phi/scripts/environment/issuer";
import { afterEach, describe, expect, test } from "vitest";
import { startDeviceFlow } from "./device-flow.js";

const now = () => Date.now();
const never = new AbortController().signal;
const undo: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

type Answer = { readonly status?: number; readonly body: unknown };

/** An issuer of the test's own, for answers that a well-behaved one does not give. */
async function startPeer(answers: {
  device?: unknown;
  life?: number;
  token?: (poll: number) => Answer;
  metadata?: Record<string, unknown>;
}) {
  const polls: number[] = [];
  const server: Server = createServer((request, response) => {
    const reply = ({ status = 200, body }: Answer) => {
      response
        .writeHead(status, { "content-type": "application/json" })
        .end(typeof body === "string" ? body : JSON.stringify(body));
    };
    if (request.url?.includes(".well-known") === true) {
      return reply({
        body: {
          issuer: url,
          device_authorization_endpoint: `${url}/device_authorization`,
          token_endpoint: `${url}/token`,
          ...answers.metadata,
        },
      });
    }
    if (request.url === "/token") {
      polls.push(performance.now());
      return reply(answers.token?.(polls.length) ?? { status: 400, body: { error: "authorization_pending" } });
    }
    return reply({ body: answers.device ?? device(url, { expires_in: answers.life ?? 60 }) });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  undo.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { issuer: { url, clientId: "phi-cli", scopes: "openid" }, polls };
}

const device = (url: string, changes: Record<string, unknown> = {}) => ({
  device_code: "d".repeat(32),
  user_code: "ABCD-EFGH",
  verification_uri: `${url}/device`,
  expires_in: 60,
  interval: 1,
  ...changes,
});

describe("the device flow", () => {
  test("at a certified provider ends with an ID token, or with the person's no", async () => {
    const issuer = await startIssuer();
    undo.push(() => issuer.stop());
    const order = { url: issuer.url, clientId: "phi-cli", scopes: "openid profile email groups" };
    const answer = (code: string, how: object) =>
      fetch(`${issuer.url}/dev/approve`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user_code: code, ...how }),
      });

    const yes = await startDeviceFlow(order, now);
    expect(yes.verificationUriComplete).toContain(yes.userCode);
    await answer(yes.userCode, { login: "alice" });
    const signedIn = await yes.wait(never);
    expect(signedIn.outcome === "signed_in" && signedIn.idToken.reveal().split(".")).toHaveLength(3);
    expect(JSON.stringify(signedIn)).toBe('{"outcome":"signed_in","idToken":"[secret]"}');

    const no = await startDeviceFlow(order, now);
    await answer(no.userCode, { deny: true });
    expect(await no.wait(never)).toEqual({ outcome: "denied" });
  });

  test("slow_down makes every later pause five seconds longer (RFC 8628 §3.5)", async () => {
    const { issuer, polls } = await startPeer({
      token: (poll) =>
        poll === 1 ? { status: 400, body: { error: "slow_down" } } : { status: 400, body: { error: "access_denied" } },
    });
    const flow = await startDeviceFlow(issuer, now);
    const began = performance.now();
    expect(await flow.wait(never)).toEqual({ outcome: "denied" });
    expect((polls[0] ?? 0) - began).toBeGreaterThan(950);
    expect((polls[1] ?? 0) - (polls[0] ?? 0)).toBeGreaterThan(5_900);
  });

  test("ends when the code ends, also when the issuer goes on saying that it waits", async () => {
    const { issuer } = await startPeer({ life: 2 });
    const flow = await startDeviceFlow(issuer, now);
    expect(await flow.wait(never)).toEqual({ outcome: "expired" });
  });

  test("stops at once when it is interrupted", async () => {
    const { issuer } = await startPeer({});
    const flow = await startDeviceFlow(issuer, now);
    const began = performance.now();
    expect(await flow.wait(AbortSignal.timeout(200))).toEqual({ outcome: "interrupted" });
    expect(performance.now() - began).toBeLessThan(700);
  });

  test("no answer that is not of the protocol is believed", async () => {
    const cases: { answers: Parameters<typeof startPeer>[0]; code: string }[] = [
      { answers: { device: "not json" }, code: "bad_answer" },
      { answers: { device: { user_code: 1 } }, code: "bad_answer" },
      { answers: { device: device("http://evil.example.com") }, code: "bad_answer" },
      { answers: { device: device("javascript:alert(1)//") }, code: "bad_answer" },
      { answers: { device: { ...device("https://login.example.com"), user_code: "AB\u001b[2J" } }, code: "bad_answer" },
      { answers: { metadata: { issuer: "https://other.example.com" } }, code: "bad_answer" },
      { answers: { device: "x".repeat(2_000_000) }, code: "bad_answer" },
    ];
    for (const { answers, code } of cases) {
      const { issuer } = await startPeer(answers);
      await expect(startDeviceFlow(issuer, now)).rejects.toMatchObject({ code });
    }
  });

  test("an issuer without https that is not this machine is refused before anything is sent", async () => {
    const issuer = { url: "http://login.example.com", clientId: "phi-cli", scopes: "openid" };
    await expect(startDeviceFlow(issuer, now)).rejects.toMatchObject({ code: "invalid_input" });
  });
});
