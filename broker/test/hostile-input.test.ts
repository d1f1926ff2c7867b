import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arena, openArena, type Voice } from "./arena.testing.js";

let arena: Arena;
let alice: Voice;
beforeAll(async () => {
  arena = await openArena();
  alice = await arena.signIn("alice");
});
afterAll(() => arena?.close());

const order = { resource: "db-prod", role: "readonly", duration: 600, reason: "INC-42" };

describe("hostile input", () => {
  it.each([
    ["a duration of zero", { duration: 0 }],
    ["a negative duration", { duration: -1 }],
    ["a fraction", { duration: 1.5 }],
    ["a duration as text", { duration: "600" }],
    ["an endless duration", { duration: 1e18 }],
    ["no duration", { duration: undefined }],
    ["a terminal escape in the reason", { reason: "ok\u001b[2Jgone" }],
    ["a line break in the reason", { reason: "a\nb" }],
    ["a bidirectional override in the reason", { reason: "safe \u202etxt.exe" }],
    ["an over-long reason", { reason: "x".repeat(501) }],
    ["an empty reason", { reason: "   " }],
    ["half a surrogate pair", { reason: "a\ud800" }],
    ["a resource that is a list", { resource: ["db-prod"] }],
    ["an unknown field", { approved: true }],
  ])("is refused with a clear sentence: %s", async (_case, over) => {
    const reply = await alice.call("POST", "/v1/requests", { ...order, ...over });
    expect(reply).toMatchObject({ status: 400, body: { code: "invalid_input", detail: expect.stringMatching(/\S/) } });
  });

  it.each([
    ["broken JSON", "{", 400, "invalid_input"],
    ["a list", "[]", 400, "invalid_input"],
    ["null", "null", 400, "invalid_input"],
    ["deep nesting", `${"[".repeat(30_000)}${"]".repeat(30_000)}`, 400, "invalid_input"],
    ["a huge body", JSON.stringify({ ...order, reason: "x".repeat(100_000) }), 413, "body_too_large"],
    [
      "a prototype",
      '{"__proto__":{"state":"approved"},"resource":"db-prod","role":"readonly","duration":60,"reason":"x"}',
      400,
      "invalid_input",
    ],
  ])("is refused whatever its shape: %s", async (_case, body, status, code) => {
    const started = Date.now();
    expect(await alice.call("POST", "/v1/requests", body)).toMatchObject({ status, body: { code } });
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  it.each([
    ["a huge one", 100_000, 413],
    ["one of a fair size", 100, 201],
  ])("is counted as it comes when its length is not announced: %s", async (_case, length, status) => {
    const body = JSON.stringify({ ...order, reason: "x".repeat(length) });
    const answer = await new Promise<{ status: number | undefined; cache: string | undefined }>((resolve, reject) => {
      const call = httpRequest(
        `${arena.broker().url}/v1/requests`,
        {
          method: "POST",
          headers: {
            authorization: `Bearer ${alice.token}`,
            "content-type": "application/json",
            "transfer-encoding": "chunked",
          },
        },
        (reply) => {
          reply.resume();
          resolve({ status: reply.statusCode, cache: reply.headers["cache-control"] });
        },
      );
      call.on("error", reject);
      for (let start = 0; start < body.length; start += 10_000) call.write(body.slice(start, start + 10_000));
      call.end();
    });
    expect(answer).toEqual({ status, cache: "no-store" });
  });

  it("must say that it is JSON, so that no web page can send it from a form", async () => {
    const reply = await alice.call("POST", "/v1/requests", JSON.stringify(order), { "content-type": "text/plain" });
    expect(reply).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
  });

  it.each([
    ["nothing", ""],
    ["no token", "Bearer"],
    ["a short one", "Bearer phi_short"],
    ["another scheme", "Basic YWxpY2U6eA=="],
    ["a made-up one", `Bearer phi_${"x".repeat(43)}`],
    ["two", `Bearer phi_${"x".repeat(43)}, Bearer phi_${"y".repeat(43)}`],
    ["a huge one", `Bearer phi_${"x".repeat(5_000)}`],
  ])("in place of a token gives 401 and nothing else: %s", async (_case, authorization) => {
    const reply = await arena.call(
      undefined,
      "GET",
      "/v1/me",
      undefined,
      authorization === "" ? {} : { authorization },
    );
    expect(reply.status).toBe(401);
    expect(["sign_in_required", "sign_in_expired"]).toContain((reply.body as { code: string }).code);
  });

  it.each([
    "/v1/requests/../me",
    "/v1//me",
    "/v1/requests/%2e%2e/me",
    "/v1/requests/req_%00",
    "/v1/requests/'; drop table requests; --",
    "/v1/requests/req_%25%25%25%25",
  ])("in the address leads nowhere: %s", async (path) => {
    const status = await rawGet(path, alice.token);
    expect([400, 404]).toContain(status);
  });

  it.each([
    "?limit=0",
    "?limit=100000",
    "?limit=x",
    "?scope=everything",
    "?scope=mine&scope=all",
    "?nonsense=1",
    "?before=zzz",
  ])("in the query is refused: %s", async (query) => {
    expect(await alice.call("GET", `/v1/requests${query}`)).toMatchObject({
      status: 400,
      body: { code: "invalid_input" },
    });
  });

  it("leaves a broker that still works", async () => {
    expect((await alice.call("POST", "/v1/requests", order)).status).toBe(201);
    expect((await arena.call(undefined, "GET", "/readyz")).status).toBe(200);
  });
});

describe("the API", () => {
  it("describes itself: every address it serves is in its OpenAPI document, and refuses who is not signed in", async () => {
    const { body } = await arena.call<{ paths: Record<string, Record<string, { security?: unknown }>> }>(
      undefined,
      "GET",
      "/openapi.json",
    );
    const routes = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, what]) => ({ path, method, what })),
    );
    expect(routes.length).toBeGreaterThanOrEqual(17);
    for (const { path, method, what } of routes.filter((route) => route.what.security !== undefined)) {
      expect(what.security).toBeDefined();
      const reply = await arena.call(undefined, method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "req_0000aaaa0000"));
      expect(reply.status, `${method} ${path}`).toBe(401);
    }
  });
});

/** `fetch` would tidy the path first. */
function rawGet(path: string, token: string): Promise<number> {
  const { port } = new URL(arena.broker().url);
  return new Promise((resolve, reject) => {
    httpRequest(
      { host: "127.0.0.1", port, path: path.replaceAll(" ", "%20"), headers: { authorization: `Bearer ${token}` } },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    )
      .on("error", reject)
      .end();
  });
}
