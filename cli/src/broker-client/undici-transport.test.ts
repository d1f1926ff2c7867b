import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createUndiciTransport } from "./undici-transport.js";

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy that tunnels whatever host is asked for to one local port, and remembers what was asked. */
async function startProxy(target: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, socket, head) => {
    asked.push(request.url ?? "");
    const onward = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) end.on("error", () => end.destroy());
  });
  return { url: `http://127.0.0.1:${await listen(proxy)}`, asked };
}

describe("the transport through a proxy", () => {
  test("reaches the broker through the proxy of the environment, with token and body", async () => {
    const seen: unknown[] = [];
    const target = await listen(
      createServer((request, response) => {
        let body = "";
        request.on("data", (chunk) => {
          body += chunk;
        });
        request.on("end", () => {
          seen.push([
            request.method,
            request.url,
            request.headers.authorization,
            request.headers["content-type"],
            body,
          ]);
          response.writeHead(201, { "content-type": "application/json", "X-Thing": "1" }).end('{"ok":true}');
        });
      }),
    );
    const proxy = await startProxy(target);
    const transport = createUndiciTransport(new URL("http://broker.test"), { HTTP_PROXY: proxy.url });
    undo.push(async () => transport.close());
    const call = {
      method: "POST",
      path: "/v1/x?y=1",
      headers: { authorization: "Bearer t" },
      body: "{}",
      timeoutMs: 5_000,
    } as const;
    expect(await transport.send(call)).toMatchObject({ status: 201, headers: { "x-thing": "1" }, text: '{"ok":true}' });
    expect(proxy.asked).toEqual(["broker.test:80"]);
    expect(seen).toEqual([["POST", "/v1/x?y=1", "Bearer t", "application/json", "{}"]]);
  });

  test("this machine is never reached through a proxy", async () => {
    const target = await listen(createServer((_request, response) => response.end("direct")));
    const proxy = await startProxy(target);
    const transport = createUndiciTransport(new URL(`http://127.0.0.1:${target}`), {
      HTTP_PROXY: proxy.url,
      ALL_PROXY: proxy.url,
    });
    undo.push(async () => transport.close());
    expect((await transport.send({ method: "GET", path: "/", timeoutMs: 5_000 })).text).toBe("direct");
    expect(proxy.asked).toEqual([]);
  });

  test("an answer that is too long, too slow or not there is an error with the broker's name", async () => {
    const target = await listen(
      createServer((request, response) => {
        if (request.url === "/long") response.end("x".repeat(1_048_577));
      }),
    );
    const broker = new URL(`http://127.0.0.1:${target}`);
    const transport = createUndiciTransport(broker, {});
    undo.push(async () => transport.close());
    await expect(transport.send({ method: "GET", path: "/long", timeoutMs: 5_000 })).rejects.toMatchObject({
      code: "bad_answer",
    });
    await expect(transport.send({ method: "GET", path: "/slow", timeoutMs: 200 })).rejects.toMatchObject({
      code: "broker_unreachable",
    });
    const stop = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => stop.abort(reason), 50);
    await expect(transport.send({ method: "GET", path: "/slow", timeoutMs: 5_000, signal: stop.signal })).rejects.toBe(
      reason,
    );
    const nobody = createUndiciTransport(new URL("http://127.0.0.1:1"), {});
    await expect(nobody.send({ method: "GET", path: "/", timeoutMs: 5_000 })).rejects.toThrow("http://127.0.0.1:1");
  });
});
