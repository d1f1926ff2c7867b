import { PhiError } from "@phi/shared/errors";

/**
 * Reads and writes with the words of the store: drizzle wraps what a failed query rejects with, and a person should read the
 * `store_unavailable` inside, not the query. `methods` are functions that return promises, all of them.
 */
export function withWords<Methods extends object>(methods: Methods): Methods {
  const worded = Object.entries(methods).map(([name, method]: [string, (...args: never[]) => Promise<unknown>]) => [
    name,
    (...args: never[]) => method(...args).catch(rethrow),
  ]);
  return Object.fromEntries(worded);
}

function rethrow(error: unknown): never {
  throw error instanceof Error && error.cause instanceof PhiError ? error.cause : error;
}
