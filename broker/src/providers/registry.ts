import type { Instant } from "@phi/shared/time";
import type { Provider } from "../ports/provider.js";
import { createPostgresProvider } from "./postgres/provider.js";

/**
 * Every kind of resource there is, by its name in the configuration. Config, role and handle are what the provider's own
 * schemas gave: whoever holds a provider from here parses with its schemas and passes on what came out.
 */
export function createProviders(
  { now }: { readonly now: () => Instant } = { now: Date.now },
): Record<string, Provider> {
  const kinds = [createPostgresProvider({ now })];
  return Object.fromEntries(kinds.map((provider) => [provider.kind, provider]));
}

/** What the configuration needs of each kind: how to read its part. */
export function kindSchemas(providers: Readonly<Record<string, Provider>>) {
  return Object.fromEntries(
    Object.entries(providers).map(([kind, { schema }]) => [kind, { config: schema.config, role: schema.role }]),
  );
}
