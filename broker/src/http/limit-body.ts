import { PhiError } from "@phi/shared/errors";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";

/** Larger bodies are refused, in bytes, where a route says nothing else. */
const BODY_LIMIT = 64 * 1024;

/**
 * A body whose length is announced is judged by that: Node reads no more of it (RFC 9112 §6.2), and the body is then read from the socket
 * directly. One in chunks is counted as it is read, which takes hono a `Request` with streams, several times the work.
 */
export function limitBody(most = BODY_LIMIT): MiddlewareHandler {
  const tooLarge = () => {
    throw new PhiError("body_too_large", `The body is larger than ${most / 1024} KiB.`);
  };
  const counted = bodyLimit({ maxSize: most, onError: tooLarge });
  return async (context, next) => {
    if (context.req.header("transfer-encoding") !== undefined) return counted(context, next);
    if (Number(context.req.header("content-length") ?? 0) > most) tooLarge();
    await next();
  };
}
