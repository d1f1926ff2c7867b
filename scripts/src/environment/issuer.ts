import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createIssuerDesk } from "./issuer-desk.js";
import { loadSigningKeys, newSigningKey, storeSigningKeys } from "./issuer-keys.js";
import { createProvider, defaultTtl, type IssuerTtl } from "./issuer-provider.js";
import { createIssuerStore } from "./issuer-store.js";
import { defaultPeople, type Person } from "./people.js";
import { createPollingPace } from "./polling-pace.js";

export interface IssuerOptions {
  /** A free one when absent. */
  readonly port?: number | undefined;
  readonly people?: readonly Person[] | undefined;
  /** Seconds; what is left out keeps its default (device code 600, ID token 300). */
  readonly ttl?: Partial<IssuerTtl> | undefined;
  /** Seconds between polls of the token endpoint; polling faster gets `slow_down`. Default 1. */
  readonly interval?: number | undefined;
  /** Keeps the signing keys between runs; without it they live as long as the issuer. */
  readonly keysFile?: string | undefined;
}

export interface Issuer {
  /** The issuer identifier, for example `http://127.0.0.1:40001`. The client is `phi-cli`. */
  readonly url: string;
  readonly people: readonly Person[];
  /**
   * Signs with a new key from now on. The old ones stay published, so that tokens already out stay good, unless
   * `forget` says otherwise.
   */
  rotateKeys(options?: { readonly forget?: boolean }): Promise<void>;
  /** Ends the open connections and closes the port. May be called again. */
  stop(): Promise<void>;
}

/**
 * The development issuer: a certified OpenID provider in this process, on 127.0.0.1, with people who need no password.
 * Devices sign in by RFC 8628; a person answers at `/device`, a script at `POST /dev/approve`.
 */
export async function startIssuer(options: IssuerOptions = {}): Promise<Issuer> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });

  try {
    const people = options.people ?? defaultPeople;
    const interval = options.interval ?? 1;
    const ttl = { ...defaultTtl, ...options.ttl };
    const fixed = { url, people, ttl, interval, store: createIssuerStore(), pace: createPollingPace(interval) };
    let keys = await loadSigningKeys(options.keysFile);
    let provider = await createProvider({ ...fixed, keys });
    let handle = provider.callback();
    const desk = createIssuerDesk(url, people, () => provider);

    server.on("request", (request, response) => {
      desk
        .answer(request, response)
        .then((answered) => (answered ? undefined : handle(request, response)))
        .catch((error: unknown) => {
          process.stderr.write(`development issuer: ${error instanceof Error ? error.stack : String(error)}\n`);
          if (!response.headersSent) response.writeHead(500);
          response.end();
        });
    });

    return {
      url,
      people,
      stop,
      rotateKeys: async ({ forget = false } = {}) => {
        keys = [await newSigningKey(), ...(forget ? [] : keys)];
        storeSigningKeys(options.keysFile, keys);
        provider = await createProvider({ ...fixed, keys });
        handle = provider.callback();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
