import { createClient } from "@libsql/client";
import { openConnection } from "./connection.js";
import type { ServerAddress } from "./open-server.js";
import { rowsOnServer } from "./server-connection.js";
import { createServerFetch } from "./server-fetch.js";
import type { Store } from "./store.js";

/** A ledger that is only read, beside the brokers that work on it: neither held nor migrated. */
export function openReader(ledger: { readonly path: string } | ({ readonly path?: undefined } & ServerAddress)): Pick<
  Store,
  "rows"
> & {
  close(): void;
} {
  if (ledger.path !== undefined) {
    const connection = openConnection(ledger.path);
    return { rows: async (statement) => connection.rows(statement), close: () => void connection.close() };
  }
  const { url, token } = ledger;
  const client = createClient({
    url,
    ...(token === undefined ? {} : { authToken: token.reveal() }),
    fetch: createServerFetch(url, { retry: true }),
  });
  return { rows: (statement) => rowsOnServer(client, statement), close: () => client.close() };
}
