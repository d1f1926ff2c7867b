import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What the network does: pass everything; pass it late; take bytes and deliver none; refuse. */
export type Weather = "fair" | "slow" | "silent" | "closed";

export interface FaultyProxy {
  readonly port: number;
  become(weather: Weather): void;
  /** Resets every connection there is. */
  reset(): void;
  close(): Promise<void>;
}

/** How late bytes are when it is slow, in ms, each way. */
const SLOW_BY = 150;

/** A TCP proxy in front of a real server. */
export async function startFaultyProxy(target: { host: string; port: number }): Promise<FaultyProxy> {
  let weather: Weather = "fair";
  const sockets = new Set<Socket>();

  function carry(from: Socket, to: Socket): void {
    let last: Promise<unknown> = Promise.resolve(); // bytes stay in order, however late
    from.on("data", (bytes) => {
      const late = weather === "slow" ? sleep(SLOW_BY) : undefined;
      last = last.then(() => late).then(() => weather !== "silent" && to.write(bytes));
    });
  }

  const server = createServer((client) => {
    if (weather === "closed") return client.resetAndDestroy();
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
    carry(client, upstream);
    carry(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    reset,
    become(next) {
      const lostBytes = weather === "silent";
      weather = next;
      if (lostBytes || next === "closed") reset();
    },
    close() {
      reset();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
