import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a real server, for making the network fail on purpose. */
export interface TcpProxy {
  readonly port: number;
  /** Pass everything on (as at first). */
  pass(): void;
  /** Take what clients send and pass it on, but withhold every answer from now on. */
  withholdAnswers(): void;
  /** Take connections and bytes, and pass nothing on in either direction. */
  blackHole(): void;
  /** End all connections and refuse new ones until {@link TcpProxy.pass}. */
  refuse(): void;
  /** Bytes passed on to the server since the last change of mode. */
  sent(): number;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  let mode: "pass" | "withhold" | "black_hole" | "refuse" = "pass";
  let sent = 0;
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    if (mode === "refuse") return client.resetAndDestroy();
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (bytes) => {
      if (mode === "black_hole") return;
      sent += bytes.length;
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (mode === "pass") client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  function become(next: typeof mode): void {
    mode = next;
    sent = 0;
  }
  function hangUp(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }
  return {
    port: address.port,
    pass() {
      // Connections that lost bytes are of no more use.
      if (mode !== "pass") hangUp();
      become("pass");
    },
    withholdAnswers: () => become("withhold"),
    blackHole: () => become("black_hole"),
    refuse() {
      become("refuse");
      hangUp();
    },
    sent: () => sent,
    close() {
      hangUp();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
