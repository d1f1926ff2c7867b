import type { Policy } from "../domain/policy/policy.js";
import type { Resource } from "../domain/resource.js";
import type { Provider } from "./provider.js";

/** What is configured: resources with their adapters, and the policy. */
export interface Catalogue {
  /** The policy in force now; it can be another at the next call. */
  policy(): Policy;
  readonly resources: readonly Resource[];
  resource(name: string): Resource | undefined;
  provider(kind: string): Provider | undefined;
}
