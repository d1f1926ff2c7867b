import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGuardedPost } from "./guarded-post.js";

/** A receiver on loopback that notes who came, and answers as hostile as it is told to. */
let port: number;
let calls: { path: string; host: string | undefined; connection: number | undefined }[] = [];
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const { url = "", headers, socket } = request;
  calls.push({ path: url, host: headers.host, connection: socket.remotePort });
  if (url === "/silent") return;
  if (url === "/redirect") return void response.writeHead(302, { location: `http://127.0.0.1:${port}/secret` }).end();
  if (url === "/busy") return void response.writeHead(429, { "retry-after": "7" }).end();
  if (url === "/endless") {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", more);
    return more();
  }
  if (url === "/drop") return void socket.destroy();
  response.writeHead(200).end("ok");
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const never = new AbortController().signal;
const order = (url: string) => ({ url, headers: {}, body: "{}" });
const leadsTo =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address }));

describe("a post is refused before anything is sent", () => {
  test.each([
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://0.0.0.0/",
    "https://0/",
    "https://0x0a000001/",
    "https://167772161/",
    "https://012.0.0.1/",
    "https://10.1/",
    "https://[::]/",
    "http://example.com/",
    "http://10.0.0.1/",
    "ftp://example.com/",
    "https://user:pw@example.com/",
  ])("%s", async (url) => {
    const guarded = createGuardedPost({ allowPrivate: false, lookup: leadsTo("93.184.215.14") });
    expect(await guarded.post(order(url), never)).toMatchObject({
      outcome: "no_answer",
      message: expect.stringMatching(/^its/),
    });
    guarded.close();
  });

  test.each([["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"], ["93.184.215.14", "10.0.0.1"]])(
    "a public name that leads to %s",
    async (...addresses) => {
      calls = [];
      const guarded = createGuardedPost({ allowPrivate: false, lookup: leadsTo(...addresses) });
      const said = await guarded.post(order(`https://hooks.example.com:${port}/`), never);
      expect(said).toMatchObject({ outcome: "no_answer", message: expect.stringMatching(/^its/) });
      expect(calls).toEqual([]);
      guarded.close();
    },
  );

  test("a metadata address even when private ones are allowed", async () => {
    for (const url of ["http://169.254.169.254/", "https://[fd00:ec2::254]/", "http://100.100.100.200/"]) {
      const guarded = createGuardedPost({ allowPrivate: true });
      expect(await guarded.post(order(url), never), url).toMatchObject({
        outcome: "no_answer",
        message: expect.stringMatching(/metadata/),
      });
      guarded.close();
    }
  });
});

describe("a post that is allowed", () => {
  test("goes to the address that was judged, whatever the name leads to a moment later", async () => {
    calls = [];
    let asked = 0;
    const rebinding = async () => {
      asked += 1;
      return [{ address: asked === 1 ? "127.0.0.1" : "127.0.0.2" }];
    };
    const guarded = createGuardedPost({ allowPrivate: true, lookup: rebinding });
    const said = await guarded.post(order(`http://hooks.example.com:${port}/judged`), never);
    expect(said).toMatchObject({ outcome: "answered", status: 200, text: "ok" });
    expect(asked).toBe(1);
    expect(calls).toMatchObject([{ path: "/judged", host: `hooks.example.com:${port}` }]);
    guarded.close();
  });

  test("follows no redirect", async () => {
    calls = [];
    const guarded = createGuardedPost({ allowPrivate: false });
    expect(await guarded.post(order(`http://127.0.0.1:${port}/redirect`), never)).toMatchObject({ status: 302 });
    expect(calls.map(({ path }) => path)).toEqual(["/redirect"]);
    guarded.close();
  });

  test("reads a bounded part of an endless answer, and ends when the time is up", async () => {
    const guarded = createGuardedPost({ allowPrivate: false });
    const endless = await guarded.post(order(`http://127.0.0.1:${port}/endless`), never);
    expect(endless).toMatchObject({ outcome: "answered", status: 200 });
    expect(endless.outcome === "answered" && endless.text.length).toBeLessThanOrEqual(65_536);
    const silent = await guarded.post(order(`http://127.0.0.1:${port}/silent`), AbortSignal.timeout(100));
    expect(silent).toEqual({ outcome: "no_answer", message: "no answer in time" });
    guarded.close();
  });

  test("says how long the receiver wants to be left alone, and why there was no answer", async () => {
    const guarded = createGuardedPost({ allowPrivate: false });
    expect(await guarded.post(order(`http://127.0.0.1:${port}/busy`), never)).toMatchObject({
      status: 429,
      after: 7_000,
    });
    expect(await guarded.post(order(`http://127.0.0.1:${port}/drop`), never)).toEqual({
      outcome: "no_answer",
      message: "no answer (ECONNRESET)",
    });
    guarded.close();
  });

  test("uses one connection for many, and a new one when the receiver has closed it", async () => {
    calls = [];
    const guarded = createGuardedPost({ allowPrivate: false });
    const post = () => guarded.post(order(`http://127.0.0.1:${port}/`), never);
    await post();
    await post();
    expect(new Set(calls.map(({ connection }) => connection)).size).toBe(1);
    server.closeAllConnections();
    expect(await post()).toMatchObject({ status: 200 });
    guarded.close();
  });
});
