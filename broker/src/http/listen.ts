import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { Hono } from "hono";

/**
 * Serves the app; port 0 is a free one. Streams that wait for a change would keep the server open for ever: on stop every
 * connection is closed, after half a second for those that are being answered.
 */
export function listen(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ url: string; close(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, (address: AddressInfo) => {
      const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
      resolve({
        url: `http://${name}:${address.port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            if ("closeAllConnections" in server) setTimeout(() => server.closeAllConnections(), 500).unref();
            if ("closeIdleConnections" in server) server.closeIdleConnections();
          }),
      });
    });
    server.once("error", reject);
  });
}
