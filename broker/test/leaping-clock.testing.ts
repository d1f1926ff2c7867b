import { createServer } from "node:http";

/** What a number must be near, in ms, to be the server's clock. */
const NEAR = 3_600_000;

export interface LeapingClock {
  readonly url: string;
  /** From now on the server's clock reads this many ms more. */
  leap(ms: number): void;
  /** How often a shifted clock was told. */
  told(): number;
  close(): Promise<void>;
}

/**
 * In front of a real libSQL server: everything passes unchanged, but the server's clock reads as if it had been set. The clock is the one
 * number in an answer that is a float and near the present (Hrana over HTTP, `Value`); instants of the ledger are integers.
 */
export async function startLeapingClock(target: string): Promise<LeapingClock> {
  let by = 0;
  let told = 0;

  const shifted = (text: string) =>
    text.replace(/("type":"float","value":)([0-9.e+]+)/g, (whole, before: string, number: string) => {
      const value = Number(number);
      if (by === 0 || Math.abs(value - Date.now()) > NEAR) return whole;
      told += 1;
      return `${before}${value + by}`;
    });

  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const answer = await fetch(`${target}${request.url ?? "/"}`, {
      method: request.method ?? "GET",
      headers: { "content-type": "application/json" },
      ...(body.length === 0 ? {} : { body }),
    });
    const text = shifted(await answer.text());
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    leap(ms) {
      by = ms;
      told = 0;
    },
    told: () => told,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
