import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Destination, Handover } from "../ports/destination.js";
import { codeOf, refused, unavailable } from "./failure.js";
import type { LinesOf } from "./lines.js";
import { type Facility, syslogMessage } from "./syslog-message.js";

/** How long a receiver may take, in ms, to close its side after we have closed ours. */
const CLOSE_WITHIN = 3_000;
/** One UDP message; larger ones do not fit a datagram. */
const LARGEST_DATAGRAM = 65_000;

export interface SyslogOrder {
  readonly name: string;
  readonly transport: "tcp" | "tls" | "udp";
  readonly host: string;
  readonly port: number;
  readonly facility: Facility;
  /** File with the authorities that may have signed the receiver's certificate; without it the system's. */
  readonly ca?: string | undefined;
  /** What the broker calls its machine. */
  readonly from: string;
  readonly linesOf: LinesOf;
}

/**
 * Syslog (RFC 5424) over TCP or TLS with octet counting (RFC 6587 §3.4.1, RFC 5425), or UDP (RFC 5426). Syslog acknowledges nothing. So over TCP each batch
 * has a connection of its own which is closed in order: the receiver's close says that all of it has arrived there. UDP promises nothing.
 */
export function createSyslog(order: SyslogOrder): Destination {
  return {
    name: order.name,
    kind: "syslog",
    async deliver(events, signal) {
      const lines = await order.linesOf(events);
      const messages = events.map((event, index) =>
        Buffer.from(syslogMessage(event, lines[index] ?? "{}", order.facility, order.from)),
      );
      return order.transport === "udp" ? sendDatagrams(order, messages) : sendStream(order, messages, signal);
    },
    async close() {},
  };
}

async function sendStream(order: SyslogOrder, messages: readonly Buffer[], signal: AbortSignal): Promise<Handover> {
  const frames = Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.length} `), message]));
  let socket: Socket | undefined;
  const abort = () => socket?.destroy(Object.assign(new Error("too slow"), { code: "no answer in time" }));
  try {
    socket = await open(order);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    await written(socket, frames);
    return { accepted: messages.length };
  } catch (error) {
    return unavailable(0, `the log server does not take it (${codeOf(error)})`);
  } finally {
    signal.removeEventListener("abort", abort);
    socket?.destroy();
  }
}

async function open({ transport, host, port, ca }: SyslogOrder): Promise<Socket> {
  if (transport !== "tls") return connectPlain({ host, port });
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({
    host,
    port,
    minVersion: "TLSv1.2",
    ...name,
    ...(ca === undefined ? {} : { ca: await readFile(ca) }),
  });
}

function written(socket: Socket, frames: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    // Read to its end, or the receiver's close is never heard.
    socket.resume();
    // A receiver that closed before it had everything has not taken it.
    socket.once("end", () => {
      if (!socket.writableFinished) reject(Object.assign(new Error("early close"), { code: "it closed too early" }));
    });
    socket.once("close", () => resolve());
    socket.end(frames, () => setTimeout(resolve, CLOSE_WITHIN).unref());
  });
}

async function sendDatagrams({ host, port }: SyslogOrder, messages: readonly Buffer[]): Promise<Handover> {
  const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
  socket.on("error", () => undefined); // each send says by itself what came of it
  try {
    for (const [accepted, message] of messages.entries()) {
      if (message.length > LARGEST_DATAGRAM) return refused(accepted, "it is too large for a datagram");
      const error = await new Promise<Error | null>((resolve) => socket.send(message, port, host, resolve));
      if (error !== null) return unavailable(accepted, `it cannot be sent (${codeOf(error)})`);
    }
    return { accepted: messages.length };
  } catch (error) {
    return unavailable(0, `it cannot be sent (${codeOf(error)})`);
  } finally {
    socket.close();
  }
}
