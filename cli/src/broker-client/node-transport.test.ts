import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createNodeTransport } from "./node-transport.js";
import { parseBrokerUrl, type Transport } from "./transport.js";
import { proxyApplies } from "./transport-proxy.js";

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function listening(server: net.Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** A real HTTP server that answers with what it was asked. */
async function echo(settings: http.ServerOptions = {}) {
  let connections = 0;
  const server = http.createServer(settings, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
  });
  server.on("connection", () => connections++);
  open.push(() => server.closeAllConnections());
  return { url: await listening(server), server, connections: () => connections };
}

function transportTo(url: URL): Transport {
  const transport = createNodeTransport(url);
  open.push(() => transport.close());
  return transport;
}

/** A server of raw bytes: answers each connection's first bytes with `wire`. */
async function raw(wire: string, then: "keep" | "end" = "keep"): Promise<URL> {
  return listening(
    net.createServer((socket) => {
      socket.on("error", () => {});
      open.push(() => socket.destroy());
      socket.once("data", () => (then === "end" ? socket.end(wire, "latin1") : socket.write(wire, "latin1")));
    }),
  );
}

const call = { method: "POST", path: "/v1/x?a=b", body: '{"ü":1}', timeoutMs: 2_000 } as const;

describe("the hot path's transport", () => {
  it("asks a real server as HTTP wants it, and keeps one connection for call after call", async () => {
    const { url, connections } = await echo();
    const transport = transportTo(url);
    for (let count = 0; count < 3; count++) {
      const { status, text } = await transport.send({ ...call, headers: { authorization: "Bearer x" } });
      expect(status).toBe(200);
      expect(JSON.parse(text)).toMatchObject({
        method: "POST",
        url: "/v1/x?a=b",
        body: '{"ü":1}',
        headers: { host: url.host, authorization: "Bearer x" },
      });
    }
    expect(connections()).toBe(1);
    expect(JSON.parse((await transport.send({ method: "GET", path: "/", timeoutMs: 2_000 })).text)).toMatchObject({
      method: "GET",
      body: "",
    });
  });

  it("lets calls overlap, each on a connection of its own", async () => {
    const { url } = await echo();
    const transport = transportTo(url);
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => transport.send({ ...call, body: String(index) })),
    );
    expect(answers.map(({ text }) => (JSON.parse(text) as { body: string }).body)).toEqual(["0", "1", "2", "3", "4"]);
  });

  it("asks again on a new connection when the kept one was closed meanwhile", async () => {
    const { url, server } = await echo();
    const transport = transportTo(url);
    await transport.send(call);
    server.closeAllConnections();
    expect((await transport.send(call)).status).toBe(200);
  });

  it("says that nobody answers, and what to type", async () => {
    const server = net.createServer();
    const url = await listening(server);
    server.close();
    await expect(transportTo(url).send(call)).rejects.toMatchObject({
      code: "broker_unreachable",
      message: expect.stringContaining("connection refused"),
      hint: expect.stringContaining(url.origin),
    });
  });

  it("waits no longer than it was told, and stops at once when it is called off", async () => {
    const silent = await listening(net.createServer((socket) => void open.push(() => socket.destroy())));
    await expect(transportTo(silent).send({ ...call, timeoutMs: 1_000 })).rejects.toMatchObject({
      code: "broker_unreachable",
      message: expect.stringContaining("within 1 s"),
    });
    const reason = new Error("called off");
    const controller = new AbortController();
    const sent = transportTo(silent).send({ ...call, signal: controller.signal });
    controller.abort(reason);
    await expect(sent).rejects.toBe(reason);
    await expect(transportTo(silent).send({ ...call, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it.each([
    ["another protocol", "220 smtp ready\r\n\r\n", "keep", "bad_answer"],
    ["an endless answer", `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(3_000_000)}`, "keep", "bad_answer"],
    ["a cut answer", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "end", "bad_answer"],
    ["no answer", "", "end", "broker_unreachable"],
  ] as const)("refuses %s", async (_name, wire, then, code) => {
    await expect(transportTo(await raw(wire, then)).send(call)).rejects.toMatchObject({ code });
  });

  it("does not follow a redirect: the token goes to the broker and nowhere else", async () => {
    const answer = await transportTo(
      await raw("HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n"),
    ).send(call);
    expect(answer.status).toBe(302);
  });

  it("never sends a line that somebody else began", async () => {
    const { url } = await echo();
    await expect(transportTo(url).send({ ...call, path: "/x HTTP/1.1\r\nhost: evil\r\n" })).rejects.toThrow(TypeError);
    await expect(transportTo(url).send({ ...call, headers: { "x-a": "1\r\nx-b: 2" } })).rejects.toThrow(TypeError);
  });
});

describe("a broker's address", () => {
  it.each([
    "https://phi.example.com",
    "https://phi.example.com:8443/",
    "http://127.0.0.1:7420",
    "http://localhost:1",
    "http://[::1]:1",
  ])("may be %s", (text) => {
    expect(parseBrokerUrl(text).origin).toBe(new URL(text).origin);
  });

  it.each([
    "",
    "phi.example.com",
    "ftp://x",
    "http://phi.example.com",
    "http://127.0.0.1.example.com",
    "https://a:b@x",
    "https://x/path",
    "https://x/?q",
    "javascript:alert(1)",
  ])("is refused when it is %j", (text) => {
    expect(() => parseBrokerUrl(text)).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });
});

it.each([
  ["https://phi.example.com", { HTTPS_PROXY: "http://p" }, true],
  ["https://phi.example.com", { https_proxy: "http://p" }, true],
  ["https://phi.example.com", { HTTP_PROXY: "http://p" }, false],
  ["https://phi.example.com", { ALL_PROXY: "http://p" }, true],
  ["https://phi.example.com", { HTTPS_PROXY: "http://p", NO_PROXY: "example.com" }, false],
  ["https://phi.example.com", { HTTPS_PROXY: "http://p", NO_PROXY: "le.com,.example.com:444" }, true],
  ["https://phi.example.com", { HTTPS_PROXY: "http://p", NO_PROXY: "*" }, false],
  ["https://phi.example.com", { HTTPS_PROXY: "" }, false],
  ["http://127.0.0.1:7420", { HTTP_PROXY: "http://p", ALL_PROXY: "http://p" }, false],
])("for %s with %j a proxy applies: %s", (url, env, applies) => {
  expect(proxyApplies(new URL(url), env)).toBe(applies);
});
