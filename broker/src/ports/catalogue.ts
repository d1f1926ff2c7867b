import type { PolicyRule } from "../domain/policy.js";
import type { Resource } from "../domain/resource.js";
import type { Provider } from "./provider.js";

/** What is configured: resources with their adapters, and the policy. */
export interface Catalogue {
  readonly rules: readonly PolicyRule[];
  readonly resources: readonly Resource[];
  resource(name: string): Resource | undefined;
  provider(kind: string): Provider | undefined;
}
