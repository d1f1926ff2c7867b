import type { HttpBindings } from "@hono/node-server";
import { PhiError } from "@phi/shared/errors";
import type { MiddlewareHandler } from "hono";

/**
 * Refuses addresses that are tidied before they are matched (dot segments, doubled or encoded slashes, backslashes): what a proxy in
 * front has judged must be what is matched here. Looks at the address as it came over the wire.
 */
export function strictPath(): MiddlewareHandler {
  return async (context, next) => {
    const raw = (context.env as Partial<HttpBindings> | undefined)?.incoming?.url;
    const path = raw?.split("?", 1)[0];
    if (path !== undefined && /\/\/|\/\.{1,2}(\/|$)|%2e|%2f|%5c|%00|\\/i.test(path)) {
      throw new PhiError("not_found", "There is no such address on this broker.");
    }
    await next();
  };
}
