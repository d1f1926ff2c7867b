import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";

/** A call as a webhook's receiver had it. */
export interface ReceivedCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * A real HTTP receiver on a port of its own. `answer` decides the status of each call; it can be stopped and come back on the same port.
 */
export async function startHttpReceiver(answer: (call: ReceivedCall) => number = () => 204, fixedPort = 0) {
  /** All that arrived, and what of it was answered with 2xx. */
  const calls: ReceivedCall[] = [];
  const taken: ReceivedCall[] = [];
  let judge = answer;
  let bodyOf = () => "ok";
  const server = createHttpServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const call = { path: request.url ?? "", headers: request.headers, body };
      calls.push(call);
      const status = judge(call);
      if (status >= 200 && status < 300) taken.push(call);
      response.writeHead(status).end(bodyOf());
    });
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
  await listen(fixedPort);
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    if (server.listening) await closed;
  };
  return {
    port,
    calls,
    taken,
    answerWith(next: typeof answer) {
      judge = next;
    },
    /** The body of each answer. */
    set answerBody(next: () => string) {
      bodyOf = next;
    },
    stop,
    start: () => listen(port),
  };
}

/** Verifies as the specification of Standard Webhooks says a receiver does; written from it, not from the sender. */
export function isSigned({ headers, body }: ReceivedCall, secret: string, now = Date.now()): boolean {
  const id = String(headers["webhook-id"]);
  const timestamp = String(headers["webhook-timestamp"]);
  if (!/^\d+$/.test(timestamp) || Math.abs(now / 1_000 - Number(timestamp)) > 300) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const wanted = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`, "utf8").digest();
  return String(headers["webhook-signature"])
    .split(" ")
    .filter((part) => part.startsWith("v1,"))
    .map((part) => Buffer.from(part.slice(3), "base64"))
    .some((given) => given.length === wanted.length && timingSafeEqual(given, wanted));
}

/** A real syslog receiver: TCP with octet counting (RFC 6587 §3.4.1). Only whole messages count. */
export async function startSyslogReceiver() {
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  let isBroken = false;
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    if (isBroken) return void socket.resetAndDestroy();
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const space = rest.indexOf(0x20);
        if (space < 0) return;
        const length = Number(rest.subarray(0, space).toString("latin1"));
        if (!Number.isInteger(length) || length < 1) return void socket.destroy();
        if (rest.length < space + 1 + length) return;
        messages.push(rest.subarray(space + 1, space + 1 + length).toString("utf8"));
        rest = rest.subarray(space + 1 + length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    /** Whoever connects is reset at once. */
    set broken(value: boolean) {
      isBroken = value;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
