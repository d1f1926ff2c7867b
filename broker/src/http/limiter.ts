import type { HttpBindings } from "@hono/node-server";
import { PhiError } from "@phi/shared/errors";
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../ports/clock.js";

/** So many calls at once, … */
const BURST = 30;
/** … and so many a second from then on. */
const PER_SECOND = 5;
/** Addresses remembered; beyond them the one seen longest ago is forgotten. */
const MOST_ADDRESSES = 10_000;

/**
 * A token bucket for each address (of the socket: a header could say anything), for what anybody may call without being signed in:
 * each refused sign-in is an audit event, and nobody shall fill the log from outside.
 */
export function limitByAddress(clock: Clock): MiddlewareHandler {
  const buckets = new Map<string, { left: number; at: number }>();
  return async (context, next) => {
    const address = (context.env as Partial<HttpBindings> | undefined)?.incoming?.socket.remoteAddress ?? "unknown";
    const now = clock.now();
    const bucket = buckets.get(address) ?? { left: BURST, at: now };
    const left = Math.min(BURST, bucket.left + (Math.max(0, now - bucket.at) / 1000) * PER_SECOND) - 1;
    buckets.delete(address); // the map keeps the order of insertion: the first is the one seen longest ago
    buckets.set(address, { left: Math.max(left, -1), at: now });
    if (buckets.size > MOST_ADDRESSES) buckets.delete(buckets.keys().next().value ?? "");
    if (left < 0) {
      throw new PhiError("too_many_requests", "Too many sign-ins from your address at once.", {
        hint: "Wait a few seconds and try again.",
      });
    }
    await next();
  };
}
